"""Files of a catalogue: what people write, as entries with the line of each value.

Here: YAML and CSV, the forms of values, and the published schema.
Not here: what entries mean in a database (the room above).
"""
