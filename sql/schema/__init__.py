"""Schema: how tables, views and their words come into a database, and what stands in it."""
