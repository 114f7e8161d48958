"""Mappings: what each log format says, as data, and what a mapping file may say."""
