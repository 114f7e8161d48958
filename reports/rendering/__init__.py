"""Rendering: from frozen content to mail, PDF and CSV."""
