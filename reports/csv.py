"""CSV: a report's raw numbers as a file that spreadsheets open without harm.

Here: UTF-8 with a byte order mark (Excel reads it as Latin-1 otherwise), quoting, and protection from formulas.
Not here: which rows and columns there are (records.py).
"""

from __future__ import annotations

import csv
import io

from reports.content import Records

# OWASP, CSV injection: spreadsheets run a cell that begins with one of these.
FORMULA_STARTS = ("=", "+", "-", "@", "|", "%", "\t", "\r")
BYTE_ORDER_MARK = "\ufeff"


def csv_file(records: Records) -> bytes:
    """The file's bytes. Text cells that could run as a formula are prefixed; numbers stay numbers."""
    words = [column in records.text_columns for column in records.columns]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(records.columns)
    for row in records.rows:
        writer.writerow([harmless(cell) if is_text else cell for cell, is_text in zip(row, words, strict=True)])
    return (BYTE_ORDER_MARK + written.getvalue()).encode()


def harmless(cell: str) -> str:
    """The cell with an apostrophe before it where a spreadsheet would run it."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell
