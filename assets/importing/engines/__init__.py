"""Engines: the three ways in which logs are written, each driven by a mapping."""
