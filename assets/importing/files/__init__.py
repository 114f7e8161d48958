"""Files: from the bytes of a source, packed or not, to batches of numbered lines."""
