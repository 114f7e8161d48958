"""Reach: distinct households and listeners of a campaign over any range of days."""
