"""Events: what the people of the invented network do, as raw rows."""
