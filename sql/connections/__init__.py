"""Connections: opening them, how long what runs on them may take, and who waits for whom."""
