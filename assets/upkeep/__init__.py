"""Upkeep: checks of what was computed, and what keeps the database in order."""
