"""Progress: showing that long work goes on, and how far it is.

Here: a bar on a terminal, a line every so often elsewhere, and how lengths of time are written.
Not here: what the work is, and how its amount is counted.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from pipelines import console
from sql.safety.characters import visible_line

# Seconds between two lines where there is no terminal.
LINE_EVERY_S = 15.0

Advance = Callable[..., None]


@dataclass(slots=True)
class Tally:
    """How much of the work is done, and since when. total: None where it is not known beforehand."""

    label: str
    total: float | None
    unit: str
    began: float = field(default_factory=time.monotonic)
    done: float = 0.0
    at: str = ""

    def seconds_left(self, clock: float) -> float | None:
        """How long the rest takes at the pace so far; None before anything is done, or without a total."""
        if not self.total or not self.done:
            return None
        return (clock - self.began) / self.done * max(self.total - self.done, 0.0)

    def amount(self) -> str:
        """As in "412 of 1,240 tenant-days"; empty where the work is not counted in a unit."""
        if not self.unit:
            return ""
        of = f" of {self.total:,.0f}" if self.total is not None else ""
        return f"{int(self.done + 1e-9):,}{of} {self.unit}"

    def line(self, clock: float) -> str:
        """The state in one line of plain text."""
        parts = [part for part in (self.amount(), self.at) if part]
        if self.total:
            parts.append(f"{min(self.done / self.total, 1.0):.0%}")
        parts.append(f"{duration(clock - self.began)} so far")
        left = self.seconds_left(clock)
        if left is not None:
            parts.append(f"about {duration(left)} left")
        return f"{self.label}: {', '.join(parts)}"


def duration(seconds: float) -> str:
    """A length of time in its two largest units, as in "2 min 5 s"."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


@contextmanager
def progress_bar(label: str, total: float | None = None, unit: str = "") -> Iterator[Advance]:
    """Yields advance(item="", amount=1): so much more is done, and the work is at this item.

    A bar with the time that is left on a terminal; elsewhere a line at the start and one every LINE_EVERY_S seconds.
    """
    tally = Tally(label, total, unit)
    with (_bar if console.out.is_terminal else _lines)(tally) as redraw:

        def advance(item: str = "", amount: float = 1.0) -> None:
            tally.done += amount
            tally.at = item
            redraw()

        yield advance


@contextmanager
def _bar(tally: Tally) -> Iterator[Callable[[], None]]:
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), TextColumn("{task.fields[left]}"), console=console.out) as progress:
        tally.label = visible_line(tally.label)
        task = progress.add_task(tally.label, total=tally.total, left="")

        def redraw() -> None:
            left = tally.seconds_left(time.monotonic())
            item = " ".join(part for part in (tally.label, tally.amount(), visible_line(tally.at)) if part)
            remaining = "" if left is None else f"about {duration(left)} left"
            progress.update(task, completed=tally.done, description=item, left=remaining)

        yield redraw
        progress.update(task, completed=tally.total or 1, total=tally.total or 1, description=tally.label, left="")


@contextmanager
def _lines(tally: Tally) -> Iterator[Callable[[], None]]:
    """From a thread of its own, so that long steps are not silent."""
    console.out.print(f"{tally.label} ...")
    ended = threading.Event()

    def print_lines() -> None:
        while not ended.wait(LINE_EVERY_S):
            console.out.print(tally.line(time.monotonic()))

    thread = threading.Thread(target=print_lines, daemon=True)
    thread.start()
    try:
        yield lambda: None
    finally:
        ended.set()
        thread.join()
