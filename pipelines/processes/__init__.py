"""Processes: which process works at a run, whether it is still there, and how it ends."""
