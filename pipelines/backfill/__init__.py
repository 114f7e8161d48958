"""Backfill: computing a range of days again, with progress, and going on after a stop."""
