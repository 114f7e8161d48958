"""The readable list of rejected lines that an import by hand leaves beside its file.

Here: the file. Not here: the table ingest_rejects, which has them too (sql/raw/imports.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from reports.rendering.csv import harmless
from sql.safety.characters import visible_line
from sql.safety.private import append_private, write_private
from sql.values import PermanentError


@dataclass(slots=True)
class RejectFile:
    """Number, reason and the line as it stood. Begun with the first of them."""

    path: Path
    begun: bool = False

    def add(self, rejects: pl.DataFrame) -> None:
        """Raises PermanentError where the file cannot be written."""
        if rejects.is_empty():
            return
        try:
            # The lines hold addresses of people: only the owner may read them.
            if not self.begun:
                write_private(self.path, "line\treason\ttext\n")
            append_private(
                self.path,
                "".join(
                    f"{number}\t{visible_line(reason)}\t{harmless(visible_line(line))}\n"
                    for number, reason, line in rejects.select("line_number", "reason", "line").iter_rows()
                ),
            )
        except OSError as error:
            raise PermanentError(
                f"the rejected lines cannot be written to {self.path} ({error.strerror}): name a file with --rejects"
            ) from error
        self.begun = True
