"""Downloads: which requests of a day count, and what they add up to."""
