"""Archive: raw rows that are older than a tenant keeps them, in files that can be read back.

Here: the files of a day, which days are due, restoring them.
Not here: what leaves the tables and how (sql/raw/archiving.py), addresses (assets/privacy).
"""
