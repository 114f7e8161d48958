"""Tables: the rows of a Parquet file as one JSON object each.

Here: reading it in batches, and its values as JSON has them.
Not here: what a row says (the engines read it as they read JSON lines).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from assets.importing.files.decompression import Bound
from sql.values import PermanentError

ROWS = 50_000


def cut_rows(content: BinaryIO, name: str, bound: Bound, rows: int = ROWS) -> Iterator[pl.DataFrame]:
    """LINES of a Parquet file: a row's number, and its columns as a JSON object; times as ISO 8601, bytes as text.

    Raises PermanentError for a file that cannot be read.
    """
    first = 1
    try:
        for batch in pq.ParquetFile(content).iter_batches(batch_size=rows):
            lines = _as_json(pl.DataFrame(pl.from_arrow(pa.Table.from_batches([batch]))), first)
            bound.add(int(lines.get_column("line").str.len_bytes().sum()))
            first += lines.height
            yield lines
    except (pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
        raise PermanentError(f"{name} is a Parquet file that cannot be read ({error})") from error


def _as_json(table: pl.DataFrame, first: int) -> pl.DataFrame:
    binary = [name for name, dtype in table.schema.items() if dtype == pl.Binary]
    texts = table.with_columns(pl.col(binary).map_elements(_as_text, return_dtype=pl.String)) if binary else table
    lines = texts.select(line=pl.struct(pl.all()).struct.json_encode())
    return lines.with_row_index("line_number", offset=first).select(pl.col("line_number").cast(pl.Int64), "line")


def _as_text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace").replace("\x00", "\ufffd")
