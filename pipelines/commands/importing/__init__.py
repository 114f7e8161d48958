"""earshot import, and its like: logs and orders come in, and imports are listed and taken back."""
