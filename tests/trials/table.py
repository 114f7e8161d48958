"""Table: what a trial prints, a figure a line, and which promises broke; and the server that it runs on.

Here: what trials share. Not here: what they try.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from sql.embedded import Server, ensure_server, stop_server
from tests.conftest import FAST_SETTINGS, migrated_template, one_login, silent


class Table:
    """The figures, with the promises that did not hold."""

    def __init__(self) -> None:
        self._broken = 0

    def head(self, words: str) -> None:
        print(f"\n{words}", flush=True)

    def say(self, what: str, figure: object, holds: bool = True) -> None:
        """One line; one that does not hold breaks the trial."""
        self._broken += not holds
        print(f"{what:<66} {figure!s:>16}{'' if holds else '  BROKEN'}", flush=True)

    def end(self) -> int:
        """Say how it came out; returns the exit status."""
        print(f"{self._broken} promise(s) broken" if self._broken else "every promise holds")
        return 1 if self._broken else 0


@contextmanager
def trial_server(settings: Mapping[str, str] = FAST_SETTINGS) -> Iterator[tuple[Server, str, Path]]:
    """A server, a migrated database to clone, and a folder that every account may enter; all are removed at the end."""
    with tempfile.TemporaryDirectory(prefix="earshot-trial-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        made = ensure_server(folder / "server", silent, settings=settings)
        stack.callback(stop_server, folder / "server", wipe=True)
        server = one_login(made)
        yield server, migrated_template(server), folder
