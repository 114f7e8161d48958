r"""Console: how commands print for a person, and the only way that they print.

Here: two consoles that show text from outside as what it is: never as markup, and every character that a terminal
would obey or hide as its escape; secrets masked. Turning errors into one clear message.
Not here: what the commands do, how their progress is shown (progress.py), which characters and secrets those are
(sql/safety/characters.py, sql/safety/masking.py).

A printed text is one line: a line break inside it came from outside and is shown as \n. Print lines one by one, pages
with `page`, and what another program reads, such as an address with its password, with `raw`.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import psycopg
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from pipelines.settings import home_folder, register_environment, shows_tracebacks
from sql.connections.connecting import first_line
from sql.safety.characters import visible, visible_line
from sql.safety.logs import guard_process, traceback_text
from sql.safety.masking import masked
from sql.safety.private import append_private, private_folder, write_private
from sql.values import EarshotError, PermanentError

# A file or a pipe has no width of its own: tables get enough to stay in one line each.
WIDE = 200

OTHERS_WRITE = 0o022

# No room on a disk, or none that is left to this user.
FULL = (errno.ENOSPC, errno.EDQUOT)

# A log of errors is put aside once at this size.
ERROR_LOG_BYTES = 1_000_000


class SafeConsole(Console):
    """A console for text from outside; styles are given as styles, because markup is never read."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, soft_wrap=True, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Every string, cells of tables included, comes through here before its width is measured."""
        return super().render_str(visible_line(masked(text)), **{**options, "markup": False, "emoji": False})

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """And every piece of anything else comes through here."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable():
                yield segment
            else:
                yield Segment(visible(segment.text), segment.style)


out = SafeConsole()
err = SafeConsole(stderr=True)
if not out.is_terminal:
    out.width = WIDE


def text_table(*headings: str) -> Table:
    """A table without lines, whose columns are to the left."""
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        table.add_column(heading)
    return table


def page(text: str) -> None:
    """A text of many lines, whose line breaks are its own."""
    sys.stdout.write(visible(masked(text)))
    sys.stdout.flush()


def raw(text: str) -> None:
    """One line for another program to read, as it is, secrets included."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def write_output(path: Path, body: bytes | str) -> None:
    """What a command's -o names, readable by its owner alone. Raises PermanentError where it cannot be written."""
    try:
        write_private(path, body)
    except OSError as error:
        raise PermanentError(f"{path} cannot be written ({error.strerror}): name another file with -o") from error


class FriendlyGroup(click.Group):
    """A group of commands whose failures end in a message with the next step, never in a traceback."""

    def main(  # type: ignore[override]
        self, args: Sequence[str] | None = None, prog_name: str | None = None, **options: Any
    ) -> Any:
        if not options.pop("standalone_mode", True):
            return super().main(args, prog_name, standalone_mode=False, **options)
        _guard()
        try:
            code = super().main(args, prog_name, standalone_mode=False, **options)
        except click.ClickException as error:
            # Click names arguments as they were given.
            error.message = visible(masked(error.message))  # type: ignore[misc]
            error.show()
            sys.exit(error.exit_code)
        except (KeyboardInterrupt, click.Abort):
            err.print("Stopped. What was finished is kept; run the same command again to go on.")
            sys.exit(130)
        except EarshotError as error:
            print_error(str(error))
            sys.exit(1)
        except psycopg.OperationalError as error:
            print_error(f"the database does not answer: {first_line(error)}")
            err.print("Look at it with `earshot db status`; for the private server, `earshot db up` starts it.")
            sys.exit(1)
        except (SystemExit, GeneratorExit):
            raise
        except BaseException as error:  # panics of compiled libraries are no ordinary exceptions
            _print_unexpected(error)
            sys.exit(1)
        sys.exit(code if isinstance(code, int) else 0)


def _guard() -> None:
    """Before anything is printed: which values are secret, and that no name can stop a message from being printed.

    Whatever the umask, only the owner may write the files that a command makes.
    """
    os.umask(os.umask(OTHERS_WRITE) | OTHERS_WRITE)
    register_environment()
    guard_process()
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def print_error(message: str) -> None:
    """One line on the error stream that begins with the program's name."""
    err.print(Text.assemble(("earshot:", "bold red"), f" {visible_line(masked(message.strip()))}"))


def _print_unexpected(error: BaseException) -> None:
    """An error that no code expects: its first line for the person, its traceback into a log with mode 0600.

    A disk without room is none of them.
    """
    if isinstance(error, OSError) and error.errno in FULL:
        print_error(f"{error.filename or 'a file'} could not be written: {error.strerror}")
        err.print(
            f"Make room (EARSHOT_HOME is {home_folder()}; docs/runbook.md, 'A full disk', says what may go), then run "
            "the same command again. What was finished is kept."
        )
        return
    if shows_tracebacks():
        for line in traceback_text(error).splitlines():
            err.print(Text(line))
    message = visible_line(masked(str(error).strip().partition("\n")[0]))
    print_error(f"an error that should not happen: {type(error).__name__}{f': {message}' if message else ''}")
    try:
        log = _log_error(error)
    except (OSError, EarshotError) as problem:
        err.print(f"It could not be logged ({problem}). With EARSHOT_DEBUG=1 the same command prints its traceback.")
    else:
        err.print(f"Its traceback, without secrets, is in {log}; please report it. EARSHOT_DEBUG=1 prints it as well.")


def _log_error(error: BaseException) -> Path:
    home = home_folder()
    log = private_folder(home / "logs", within=home) / "errors.log"
    if log.exists() and log.stat().st_size > ERROR_LOG_BYTES:
        log.replace(log.with_suffix(".log.old"))
    command = visible_line(masked(" ".join(sys.argv[1:])))
    append_private(log, f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, earshot {command}\n{traceback_text(error)}\n\n")
    return log
