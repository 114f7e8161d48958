"""Content: from the raw facts of a report to every word and figure that it shows."""
