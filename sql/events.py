"""Events: a line of JSON for each thing done or gone wrong, with its run, tenant and day, for log collectors.

Here: the one call that notes an event, the form of a line, and the files that lines go to.
Not here: whether and where (pipelines/settings.py), messages for people (pipelines/console.py), what is kept in tables.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

from sql.safety.masking import masked
from sql.safety.private import append_private

logger = logging.getLogger("earshot.events")
logger.setLevel(logging.INFO)
# Lines are for a program: no other handler prints them.
logger.propagate = False

STREAM = "stderr"


def note_event(
    event: str, *, run: UUID | None = None, tenant: UUID | None = None, day: date | None = None, **more: object
) -> None:
    """Note that something happened; nothing where nobody collects it, and never an error of the work itself.

    event: a noun and a participle, such as day_written. more: numbers, texts, or lists of them.
    """
    if logger.handlers:
        logger.info(event, extra={"fields": {"run": run, "tenant": tenant, "day": day, **more}})


class JsonFormatter(logging.Formatter):
    """time (UTC), event, run, tenant, day, then the rest of the event in its order; secrets are masked."""

    def format(self, record: logging.LogRecord) -> str:
        fields = getattr(record, "fields", {})
        line = {"time": datetime.fromtimestamp(record.created, UTC), "event": record.msg, **fields}
        return masked(json.dumps(line, default=_text, ensure_ascii=False))


def _text(value: object) -> object:
    if isinstance(value, date | datetime):
        return value.isoformat()
    return sorted(map(str, value)) if isinstance(value, set | frozenset) else str(value)


class _PrivateFile(logging.Handler):
    """Appends each line to a file of the owner's own, which may be put aside at any time."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._failed = False

    def emit(self, record: logging.LogRecord) -> None:
        try:
            append_private(self._path, self.format(record) + "\n")
        except Exception as error:
            # The work goes on without its lines; that is said once.
            if not self._failed:
                sys.stderr.write(f"earshot: events cannot be written to {self._path} ({type(error).__name__})\n")
            self._failed = True


def collect_events(where: str | None) -> None:
    """From now on write the events of this process to stderr, or to the end of a file; None: to nowhere."""
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    if where:
        handler = logging.StreamHandler(sys.stderr) if where == STREAM else _PrivateFile(Path(where).expanduser())
        handler.setFormatter(JsonFormatter())
        logger.addHandler(handler)
