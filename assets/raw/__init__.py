"""Raw: the tables that others write and Earshot only reads, as assets."""
