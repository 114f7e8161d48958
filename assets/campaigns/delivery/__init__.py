"""Delivery: what was booked, delivered and spent of a campaign."""
