"""Wording: numbers, names and terms as text, in the language and formats of a recipient."""
