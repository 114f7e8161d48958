"""Tracing: a printed number back to the rows that it is made of."""
