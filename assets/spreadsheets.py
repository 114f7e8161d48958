"""Spreadsheets: what they write into CSV files beside rows.

Here: the line that names the separator, and the separator of a heading.
Not here: reading rows (assets/catalogue/files/csv_files.py, assets/orders/records.py).
"""

from __future__ import annotations

import re

SEPARATORS = ",;\t"

# sep=; as Excel writes it, and some programs in quotes.
_NAMED = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)


def named_separator(line: str) -> str | None:
    """The separator that a line before the heading names; None for any other line."""
    found = _NAMED.fullmatch(line)
    return found[1] if found else None


def separator_of(heading: str) -> str:
    """The separator that a heading has most of."""
    return max(SEPARATORS, key=heading.count)
