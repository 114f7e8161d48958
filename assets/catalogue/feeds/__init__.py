"""Feeds: shows, episodes and files kept in step with RSS and Atom feeds.

Here: from the address of a feed to the rows of the catalogue: retrieving, reading, planning, measuring, storing.
Not here: when it runs (pipelines/schedules.py), commands (pipelines/commands/catalogue), requests (assets/web).
"""
