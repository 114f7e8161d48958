"""Console: how commands speak to a person.

Here: the progress display, and turning errors that a person can act on into one clear message.
Not here: what the commands do.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any
from uuid import UUID

import click
import psycopg
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn

from sql.values import EarshotError

# A file or a pipe has no width of its own: tables get enough to stay in one line each.
WIDE = 200

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)
if not out.is_terminal:
    out.width = WIDE


class FriendlyGroup(click.Group):
    """A group of commands whose expected failures end in a message that says what to do, never in a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except EarshotError as error:
            err.print(f"[bold red]earshot:[/] {_plain(str(error))}")
            sys.exit(1)
        except psycopg.OperationalError as error:
            err.print(f"[bold red]earshot:[/] the database does not answer: {_plain(str(error))}")
            err.print("Look at it with `earshot db status`; for the private server, `earshot db up` starts it.")
            sys.exit(1)
        except KeyboardInterrupt:
            err.print("Stopped. What was finished is kept; run the same command again to go on.")
            sys.exit(130)


def _plain(message: str) -> str:
    return message.strip().replace("[", r"\[")


@contextmanager
def progress_bar(label: str, total: int | None = None) -> Iterator[Callable[[str], None]]:
    """A bar that moves by one with each call and shows the call's words; plain lines where there is no terminal."""
    if not out.is_terminal:
        out.print(f"{label} ...")
        yield _quiet
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out, transient=False) as progress:
        task = progress.add_task(label, total=total)

        def advance(words: str) -> None:
            progress.update(task, advance=1, description=f"{label} [dim]{_plain(words)}[/]")

        yield advance
        progress.update(task, description=label, completed=total or 1, total=total or 1)


def each_asset(advance: Callable[[str], None]) -> Callable[[Sequence[str], date, Sequence[UUID]], None]:
    """Moves a progress bar on by one for each asset of a day that is committed."""

    def committed(assets: Sequence[str], day: date, _tenants: Sequence[UUID]) -> None:
        for asset in assets:
            advance(f"{day} {asset}")

    return committed


def _quiet(_words: str) -> None:
    """Progress is for people; a log gets the first and the last line only."""
