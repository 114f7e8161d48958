"""The database floor: one door to TimescaleDB, statements as files, the schema, the private server.

Here: value types that every floor shares, connections and roles, reading and replacing frames, schema.
Not here: Dagster, numbers and their definitions, anything that a sponsor sees.
"""
