"""Doctor: whether an installation can do its work, one line for each thing that was looked at."""
