"""Logs: masking of every log record, traceback and warning of a process.

Here: records whose text is masked and whose lines cannot be forged, the hooks for uncaught exceptions, and masked
output streams for processes whose output is kept.
Not here: which secrets there are (masking.py), where records go, what Dagster stores (pipelines/dagster_texts.py).
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
import warnings
from collections.abc import Iterable
from types import TracebackType
from typing import Any, TextIO, cast

from sql.safety.characters import visible, visible_line
from sql.safety.masking import masked

# Our floors and the log of a run: their messages are one line each, so that a line break in one came from outside.
ONE_LINERS = frozenset({"dagster", "pipelines", "assets", "reports", "sql"})


class MaskedRecord(logging.LogRecord):
    """A log record whose message and traceback are masked, whichever handler formats it.

    Of a message that is one line a line break is shown as an escape; the orchestrator's own messages keep theirs.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if isinstance(self.exc_info, tuple) and self.exc_info[1] is not None:
            # Formatters take this text, if there is one, instead of making their own.
            self.exc_text = traceback_text(self.exc_info[1])

    def getMessage(self) -> str:  # noqa: N802 - the name is logging's
        text = masked(super().getMessage())
        return visible_line(text) if self._is_one_line() else visible(text)

    def _is_one_line(self) -> bool:
        if self.name == "dagster":
            # Dagster's own events name their errors over many lines, and come a second time with all of it in them.
            return getattr(self, "dagster_event", None) is None and not hasattr(self, "dagster_meta")
        return self.name.partition(".")[0] in ONE_LINERS - {"dagster"}


def traceback_text(error: BaseException) -> str:
    """The traceback of an error with its causes, masked, without characters that a terminal obeys."""
    return visible(masked("".join(traceback.format_exception(error)).rstrip("\n")))


def guard_process() -> None:
    """Mask, from now on, what this process logs, and every warning and uncaught exception.

    A hook that another program has set already (a debugger, a test runner) stays.
    """
    logging.setLogRecordFactory(MaskedRecord)
    warnings.formatwarning = _format_warning
    if sys.excepthook is sys.__excepthook__:
        sys.excepthook = _print_uncaught
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = _print_unraisable
    if threading.excepthook is threading.__excepthook__:
        threading.excepthook = _print_of_thread


class MaskedStream:
    """An output stream whose every written text is masked; in everything else it is the stream that it stands for."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        # What is no text is for the stream itself to refuse.
        return self._stream.write(masked(text) if isinstance(text, str) else text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)


def guard_streams() -> None:
    """Mask, from now on, what this process prints. Streams that another program has put in their place stay."""
    if sys.stdout is sys.__stdout__ and sys.stdout is not None:
        sys.stdout = cast(TextIO, MaskedStream(sys.stdout))
    if sys.stderr is sys.__stderr__ and sys.stderr is not None:
        sys.stderr = cast(TextIO, MaskedStream(sys.stderr))


def _print_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    _print(traceback_text(error))


def _print_of_thread(found: threading.ExceptHookArgs) -> None:
    if found.exc_value is not None and not isinstance(found.exc_value, SystemExit):
        _print(f"Exception in thread {found.thread.name if found.thread else '?'}:")
        _print(traceback_text(found.exc_value))


def _print_unraisable(found: sys.UnraisableHookArgs) -> None:
    if sys.is_finalizing():
        # The modules that mask a text may be gone already: only the kind of the error is printed.
        _print(f"Exception ignored while Python ended: {found.exc_type.__name__}")
        return
    _print(masked(visible_line(f"Exception ignored in: {found.object!r}")))
    if found.exc_value is not None:
        _print(traceback_text(found.exc_value))


def _format_warning(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    return f"{filename}:{lineno}: {category.__name__}: {visible(masked(str(message)))}\n"


def _print(text: str) -> None:
    stream = sys.stderr
    if stream is not None:
        stream.write(f"{text}\n")
        stream.flush()
