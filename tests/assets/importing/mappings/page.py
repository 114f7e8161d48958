"""Page: docs/log-formats.md, made of the mappings and of what their keys mean.

`python -m tests.assets.importing.mappings.page` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from assets.importing import FORMATS
from assets.importing.mappings.mapping import COLUMN_MEANINGS, COLUMNS, MEANINGS, Column, LogMapping
from tests.assets.importing.reading import FILES

PAGE = Path(__file__).parents[4] / "docs" / "log-formats.md"

HEAD = """# Log formats

What `earshot import` reads, field by field. This page is made from the mappings in `assets/importing/mappings`, which
are what reads the logs; each names the documentation that it follows. Without `--format`, the format is the one that
reads the first lines best, and a file that several read equally well is refused. `earshot import --explain FILE` shows
which fit, the first rows as they would be stored, and what would be lost.

A log may be packed in gzip (of several members, too), bzip2, xz, LZMA, Zstandard, zip or tar, or one of these inside of
another; it is opened by its content, whatever its name. Where it breaks off, all before the break is read and the
import says so. JSON may have one record a line, or a list in any layout; the records of Parquet are read as JSON.

In every format:

- *Addresses* are read with ports, zones and percent escapes, in brackets or quotes, and in lists with commas,
  semicolons, bars or blanks between them; IPv4 also as IPv6 (`::ffff:`, `64:ff9b::`). An address that is written as one
  number is not. Of a list the last address counts that is neither private nor a trusted proxy. `X-Forwarded-For` and
  `Forwarded` are believed where the peer's address is in a network that `--trusted-proxy` names, from their end.
- *Paths* are looked up in the catalogue as they were logged first, then after each layer of escapes is undone (those of
  Apache and nginx, percent escapes once, twice and more often, of UTF-8 or Latin-1, `+` for a space), and behind each
  host inside of them; then without what follows `?` or `#`, blanks at the end, `/./` and `/../`; last with `/` for `\\`
  and without parameters (`;jsessionid=...`). Composed and decomposed accents are the same, capitals and small letters
  are not. A letter that was logged as a byte of Latin-1 (U+FFFD here) fits any such letter where one file alone does.
- *Requests with an id* are known again by the id together with time, client, method, path, status, range and bytes, so
  that an id of a session or of a connection merges no two of them. Requests without one are known again by their line.
- *A 206 without a range* shows that as many bytes of the file as were sent, less its header, were received, but not
  which: see *Downloads* in the methodology (`earshot methodology`). As many bytes as the file has are the file.
- *A field that reads* `-`, `(null)`, *or nothing,* is not there. A row that cannot be read is rejected with the reason,
  alone.
"""

OWN = """## A mapping of your own

A log that is none of these is read by a file of YAML: `earshot import access.log --map my.yaml --tenant SLUG`. The
packaged ones are examples of it.

    title: Our player's log
    kind: lines
    pattern: '^(?P<when>\\S+ \\S+) (?P<who>\\S+) (?P<what>\\S+) (?P<much>\\d+)$'
    columns:
      occurred_at: {from: when, as: "%d.%m.%Y %H:%M:%S"}
      client_ip: who
      target: what
      bytes_sent: much
"""


def lines() -> Iterator[str]:
    """The page, line by line."""
    yield HEAD
    for mapping in FORMATS.values():
        yield from _format(mapping)
    yield OWN
    yield from _table("key", MEANINGS)
    yield "A column is the name of a field, a list of names, or an object of these keys:\n"
    yield from _table("key of a column", COLUMN_MEANINGS)
    yield "The columns:\n"
    yield from _table("column", COLUMNS)


def _format(mapping: LogMapping) -> Iterator[str]:
    yield f"## {mapping.title}\n"
    yield (
        f"`--format {mapping.name}`, as in [the example](examples/{FILES[mapping.name]}). Follows "
        + ", ".join(f"[{number}]({address})" for number, address in enumerate(mapping.documented, start=1))
        + ".\n"
    )
    if mapping.remarks:
        yield mapping.remarks.strip() + "\n"
    if mapping.needed:
        yield f"Needs {', '.join(f'`{group}`'.replace('|', '` or `') for group in mapping.needed)}.\n"
    for name, values in mapping.only_if.items():
        yield f"Rows are requests where `{name}` is {' or '.join(f'`{value}`' for value in values)}.\n"
    if mapping.bot_if:
        yield f"A bot is what the service took for one: {', '.join(f'`{name}`' for name in mapping.bot_if)}.\n"
    yield from _table("column", {name: _said(column) for name, column in mapping.columns.items()}, "read from")


def _said(column: Column) -> str:
    parts = [f"`{name}`" for name in column.from_]
    if column.join:
        parts.append(" and ".join(f"`{name}`" for name in column.join))
    said = " or ".join(parts) if parts else f"always `{column.value}`"
    more = {
        "extract": column.extract,
        "decode": column.decode,
        "at_most": column.at_most,
        "without": column.without,
        "default": column.default,
        "as": column.as_,
    }
    return "; ".join([said, *(f"{key} `{value}`" for key, value in more.items() if value)]).replace("|", "\\|")


def _table(heading: str, rows: Mapping[str, str], meaning: str = "meaning") -> Iterator[str]:
    yield f"| {heading} | {meaning} |\n|---|---|"
    yield from (f"| `{name}` | {said} |" for name, said in rows.items())
    yield ""


def text() -> str:
    """The page."""
    return "\n".join(lines()).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(text(), "utf-8")
