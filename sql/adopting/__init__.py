"""Adopting: a platform's own tables, read through views that have the names and columns of ours.

Here: the mapping, the views of the schema adopted, and bringing their rows into our tables.
Not here: the command (pipelines/commands/db.py), our own tables (migrations/).
"""
