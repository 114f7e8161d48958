"""Charts of a report: what they draw, from the facts: ticks, notes and alternative texts."""
