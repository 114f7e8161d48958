"""W3C: lines whose fields a #Fields line names, or the person who imports them.

Here: cutting a file by its #Fields lines, the separator, and finding a field in a line.
Not here: what the fields mean (the mappings), columns made of them (columns.py).
Source: W3C working draft "Extended Log File Format".
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from assets.importing.engines.columns import read_requests
from assets.importing.engines.names import Separated, best_separator, lacking, named_twice
from assets.importing.mappings.mapping import LogMapping
from assets.importing.requests import Parsed

FIELDS_MARK = "#Fields:"

# Also at the end of a line that a file without a last line end leaves before it: it holds for the lines that follow.
FIELDS_LINE = FIELDS_MARK + "(.*)$"
JOINED = "a line of names is joined to it: its end cannot be told"
DIRECTIVE = r".#(?:Fields|Version|Date|Software|Start-Date|End-Date|Remark): "

# Whatever stands between the values of a line may stand between the names, and in no name.
BETWEEN = r"[\s,|]+"


class W3CParser:
    """Lines to requests. The fields of the last #Fields line hold until the next, across batches.

    fields: those that hold until the first #Fields line; the mapping's own where none are named.
    """

    def __init__(self, mapping: LogMapping, fields: Sequence[str] = ()) -> None:
        self._mapping = mapping
        self._fields = " ".join(fields or mapping.fields)

    def parse(self, lines: pl.DataFrame) -> Parsed:
        """The lines of the next batch as requests and rejects."""
        is_comment = pl.col("line").str.starts_with("#")
        named = pl.col("line").str.extract(FIELDS_LINE, 1).str.replace_all(BETWEEN, " ").str.strip_chars()
        marked = lines.with_columns(named.forward_fill().fill_null(self._fields).alias("_fields"))
        if marked.height:
            self._fields = marked.item(-1, "_fields")
        parts = marked.filter(~is_comment).partition_by("_fields", maintain_order=True, as_dict=True)
        parsed = [self._read(part.drop("_fields"), str(names).split(" ")) for (names,), part in parts.items()]
        return joined(parsed) if parsed else self._read(lines.clear(), list(self._mapping.fields))

    def _read(self, lines: pl.DataFrame, names: list[str]) -> Parsed:
        separator = best_separator(lines, len(names), self._mapping.separators)
        fields = Separated(names)
        rows = lines.with_columns(pl.col("line").str.split(separator).alias("_values"))
        missing, twice = lacking(self._mapping, fields), named_twice(self._mapping, fields)
        problems = [
            (pl.col("line").str.contains(DIRECTIVE), JOINED),
            (pl.lit(bool(twice)), f"its #Fields line names {', '.join(twice)} twice"),
            (pl.lit(bool(missing)), f"its #Fields line lacks {', '.join(missing)}"),
            (pl.col("_values").list.len() != len(names), self._miscounted(len(names), separator)),
        ]
        return read_requests(rows, fields.read, self._mapping, problems)

    def _miscounted(self, count: int, separator: str) -> str:
        of = (
            "its configuration; name those that it has, in their order, with --fields"
            if self._mapping.chosen_fields
            else "its #Fields line"
        )
        title = "tab-separated" if separator == "\t" else f"{separator!r}-separated"
        return f"it has not the {count} {title} fields of {of}"


def joined(parts: Sequence[Parsed]) -> Parsed:
    """The parts as one, in the order of their lines."""
    if len(parts) == 1:
        return parts[0]
    return Parsed(
        pl.concat([part.requests for part in parts]).sort("line_number", maintain_order=True),
        pl.concat([part.rejects for part in parts]).sort("line_number", maintain_order=True),
    )
