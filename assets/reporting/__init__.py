"""Reporting: which reports are due, on what periods, and the numbers that they show."""
