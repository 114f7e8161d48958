"""Report content: the one frozen model that mail, text twin, PDF and CSV are made from.

Here: every string of a report, formatted once, and the numbers that charts draw; canonical JSON and its hash.
Not here: arithmetic and sentences (compose.py and its rooms), markup, fonts. A renderer prints what stands here and
computes nothing, so that the same number never appears twice with two values.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, is_dataclass
from itertools import chain
from typing import Any, Literal

Mood = Literal["good", "bad", "neutral"]
Direction = Literal["up", "down", "flat", "none"]


@dataclass(frozen=True, slots=True)
class Header:
    """brand: the network. accent: its colour, dark enough to be seen on white. compared: empty for a first period.

    mark: what sets the report apart, such as that it is a correction; empty for most. subject: of the mail, by the
    network's own template; empty: the standard one.
    """

    brand: str
    accent: str
    kind: str
    sponsor: str
    title: str
    period: str
    timezone: str
    compared: str
    mark: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """One KPI. change: "13.6%", "new", "–"; mood says whether the change is welcome, direction draws the arrow."""

    label: str
    value: str
    change: str
    versus: str
    direction: Direction
    mood: Mood
    detail: str

    @property
    def arrow(self) -> str:
        return {"up": "▲", "down": "▼", "flat": "=", "none": ""}[self.direction]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to know before the numbers are read. warning: needs attention; info: explains."""

    kind: Literal["warning", "info"]
    text: str


@dataclass(frozen=True, slots=True)
class LineChart:
    """Ads delivered per day, and conversions on the same days. Ticks are (position, label): numbers and their texts.

    conversions: empty where there are none, and no second panel is drawn. note: what stands below it.
    """

    title: str
    panel_title: str
    current_label: str
    previous_label: str
    current: tuple[int, ...]
    previous: tuple[int, ...]
    day_ticks: tuple[tuple[int, str], ...]
    count_ticks: tuple[tuple[int, str], ...]
    conversions_title: str
    conversions: tuple[float, ...]
    conversion_ticks: tuple[tuple[int, str], ...]
    alt: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a chart. detail: what stands below it, such as its cost; folded: several things in one."""

    label: str
    value: float
    text: str
    detail: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True)
class BarChart:
    """Conversions by show, or by episode where there is one show; largest first, labels all different."""

    title: str
    bars: tuple[Bar, ...]
    alt: str


@dataclass(frozen=True, slots=True)
class TableRow:
    """name and detail are the first cell, cells the rest. is_part: it belongs to the row above, which sums it up."""

    name: str
    detail: str
    cells: tuple[str, ...]
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """columns: headings, the first one for name and detail. note: how many rows are shown, or what a dash means."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """A text that leads to an address, always https."""

    text: str
    address: str


@dataclass(frozen=True, slots=True)
class Pair:
    """A label and its text. links: what stands below the text, a line each."""

    term: str
    text: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """Terms with their explanation."""

    title: str
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, slots=True)
class Records:
    """The CSV's raw cells. text_columns may hold text from outside; all others hold numbers, ISO dates or codes."""

    columns: tuple[str, ...]
    text_columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Footer:
    """What stands at the end of a report."""

    reason: str
    unsubscribe: str
    view_online: str
    reference: str
    confidential: str
    data_through: str


@dataclass(frozen=True, slots=True)
class Logo:
    """A logo at the head of a report. role: network or sponsor. picture: a PNG in base64. width, height: as shown."""

    role: Literal["network", "sponsor"]
    name: str
    picture: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class ReportContent:
    """A whole report in the order in which it is read. Where a chart is None, `empty_*` is printed.

    generated_at: unix seconds up to which data were taken; the fixed timestamp of every file.
    """

    report_id: str
    revision: int
    locale: str
    generated_at: int
    header: Header
    correction: Table | None
    finding: str
    tiles: tuple[Tile, ...]
    to_date: tuple[Section, ...]
    against_targets: Section | None
    shows: tuple[Table, ...]
    next_steps: tuple[str, ...]
    proof: Section | None
    notices: tuple[Notice, ...]
    line: LineChart | None
    empty_line: str
    bars: BarChart | None
    empty_bars: str
    top_campaigns: tuple[Table, ...]
    campaigns: tuple[Table, ...]
    top_placements: Table
    placements: Table
    delivery: Section
    response: Section | None
    models: Table | None
    data_driven: Table | None
    benchmarks: Table | None
    lift: tuple[str, ...]
    method: Section
    limits: tuple[str, ...]
    definitions: Section
    footer: Footer
    records: Records
    # What the network's campaign manager has written; nothing where it is empty.
    note: str = ""
    logos: tuple[Logo, ...] = ()
    growth: LineChart | None = None
    delays: LineChart | None = None
    # What a mail says that had to leave something out; empty: nothing is said.
    shortened: str = ""

    def as_json(self, without: Collection[str] = ()) -> dict[str, Any]:
        """Plain dictionaries and lists, as JSON has them. without: parts that are not wanted."""
        return {name: _plain(getattr(self, name)) for name in self.__slots__ if name not in without}

    def canonical_json(self) -> str:
        """The same content is the same text: keys sorted, no spaces, no escapes."""
        return json.dumps(self.as_json(), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)

    @property
    def content_hash(self) -> str:
        return hashlib.sha256(self.canonical_json().encode()).hexdigest()

    def strings(self) -> Iterator[str]:
        """Every string that a picture or a page may print. Raw CSV cells and pictures are not printed."""
        unprinted = {"records", "logos"}
        return chain.from_iterable(_strings_in(getattr(self, name)) for name in self.__slots__ if name not in unprinted)


def _strings_in(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Link):
        yield value.text
    elif isinstance(value, tuple):
        for item in value:
            yield from _strings_in(item)
    elif is_dataclass(value):
        for name in value.__dataclass_fields__:
            yield from _strings_in(getattr(value, name))


def _plain(value: object) -> Any:
    """What dataclasses.asdict gives, without its deep copies of strings."""
    # Nearly all values are texts.
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return [each if type(each) is str else _plain(each) for each in value]
    if is_dataclass(value):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    return value
