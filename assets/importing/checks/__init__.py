"""Checks: what speaks against a log as a whole, before its rows are taken for listening and after."""
