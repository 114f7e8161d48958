"""CSV: a report's raw numbers as a file that spreadsheets open without harm.

Here: UTF-8 with a byte order mark (Excel reads it as Latin-1 otherwise), quoting, protection from formulas, and several
tables as one ZIP.
Not here: which rows and columns there are (content/data_tables.py).
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Mapping

from reports.content.report import Records
from sql.safety.characters import one_line

# OWASP, CSV injection: spreadsheets run a cell that begins with one of these, also after blanks, and some of them one
# that begins with a wide, small or raised form. Where lists are separated by semicolons, a semicolon begins a cell.
FORMULA_STARTS = frozenset("=+-@|%\u2212")
_BLANKS = re.compile(r"^[\s\u200c\u200d\u2800\ufe00-\ufe0f]+")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
# Most cells: plain letters and digits in single blanks, that neither begin a formula nor a further cell.
_PLAIN = re.compile(r"(?:[A-Za-z0-9](?: ?[!-:<-~])*)?")
BYTE_ORDER_MARK = "\ufeff"
# What a ZIP says of its files, wherever it is made: a plain file that only its owner can read and write.
PRIVATE, UNIX = 0o100600 << 16, 3


def csv_file(records: Records) -> bytes:
    """The file's bytes. Cells that could run as a formula are prefixed; numbers stay numbers."""
    is_text_column = [column in records.text_columns for column in records.columns]
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(records.columns)
    for row in records.rows:
        writer.writerow([_cell(cell, is_text) for cell, is_text in zip(row, is_text_column, strict=True)])
    return (BYTE_ORDER_MARK + written.getvalue()).encode()


def zip_file(tables: Mapping[str, Records]) -> bytes:
    """The tables as NAME.csv in one ZIP. The same tables give the same bytes: no file has a time of its own."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, records in tables.items():
            entry = zipfile.ZipInfo(f"{name}.csv")
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = PRIVATE
            entry.create_system = UNIX
            archive.writestr(entry, csv_file(records))
    return written.getvalue()


def harmless(cell: str) -> str:
    """The cell in one line, with an apostrophe before it, or before a part of it, that a spreadsheet would run."""
    if _PLAIN.fullmatch(cell):
        return cell
    return ";".join(f"'{part}" if _runs(part) else part for part in one_line(cell).split(";"))


def _cell(cell: str, is_text: bool) -> str:
    return cell if not is_text and _NUMBER.fullmatch(cell) else harmless(cell)


def _runs(text: str) -> bool:
    first = _BLANKS.sub("", text)[:1]
    return unicodedata.normalize("NFKC", first)[:1] in FORMULA_STARTS if first else False
