"""Log writer: what the orchestrator's processes print, into files that only their owner can read.

Here: `python -m pipelines.ui.log_writer FD PATH [FD PATH ...]`: lines from pipes, without colours, secrets masked, in
files that do not grow for ever. It is a process of its own because runs go on printing when `earshot ui` has ended; it
ends when every writing end of the pipes is closed.
Not here: who prints (services.py), the logs of runs, which Dagster keeps.
"""

from __future__ import annotations

import os
import re
import selectors
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines.settings import register_environment
from sql.safety.characters import visible
from sql.safety.masking import masked
from sql.safety.private import open_private, private_folder

# Two of these are kept of each log.
MOST_BYTES = 20_000_000

# A line that is longer than this is written in parts.
LONGEST_LINE = 1_000_000

# Dagster paints its lines for a terminal.
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class LogFile:
    """A file that lines are added to; when it is full, it becomes NAME.1 and the NAME.1 before it goes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rest = b""
        self._open()

    def _open(self) -> None:
        private_folder(self._path.parent)
        self._file = os.fdopen(open_private(self._path), "ab", buffering=0)

    def add(self, data: bytes) -> None:
        """Whole lines are written at once, what follows the last of them later."""
        lines, newline, self._rest = (self._rest + data).rpartition(b"\n")
        if len(self._rest) > LONGEST_LINE:
            lines, newline, self._rest = lines + newline + self._rest, b"\n", b""
        if newline:
            self._write(lines + newline)

    def close(self) -> None:
        if self._rest:
            self._write(self._rest)
        self._file.close()

    def _write(self, data: bytes) -> None:
        if self._file.tell() > MOST_BYTES:
            self._file.close()
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))
            self._open()
        text = masked(_COLOUR.sub("", data.decode(errors="replace")))
        self._file.write(visible(text).encode(errors="replace"))


def copy(sources: Sequence[tuple[int, Path]]) -> None:
    """Lines of each pipe into its file, until all pipes are closed at their other end."""
    with selectors.DefaultSelector() as selector:
        for descriptor, path in sources:
            selector.register(descriptor, selectors.EVENT_READ, LogFile(path))
        while selector.get_map():
            for key, _ in selector.select():
                data = os.read(key.fd, 65536)
                if data:
                    key.data.add(data)
                else:
                    selector.unregister(key.fd)
                    key.data.close()


if __name__ == "__main__":
    # Ctrl-C reaches every process of the terminal; this one has to write the last lines of the others.
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, signal.SIG_IGN)
    register_environment()
    copy([(int(number), Path(path)) for number, path in zip(sys.argv[1::2], sys.argv[2::2], strict=True)])
