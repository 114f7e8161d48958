"""Reading: stored requests of the webhook are checked and their events applied, each request once.

Here: the order of the steps and what is said of them. A request is noted as read after its events were applied, and an
event that was applied before changes nothing, so a worker that is killed in between loses and doubles nothing.
Not here: what a request looks like (stored.py), where they lie (sources.py), what an event means (reconcile.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from reports.delivery.events.sources import Found, check_source, export_name, files_in, is_address, lines_at
from reports.delivery.events.stored import read_request
from reports.delivery.reconcile import Reconciled, event_text, read_events, reconcile
from reports.mail_settings import EventSettings
from sql.failures import cause_of, is_isolatable
from sql.statements import statement
from sql.values import EarshotError, PermanentError
from sql.warehouse import Warehouse

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class EventsRead:
    """What a run read. refused: by name, why nothing of a request was applied. result: of the events."""

    applied: int = 0
    refused: dict[str, str] = field(default_factory=dict)
    result: Reconciled = field(default_factory=Reconciled)

    def __str__(self) -> str:
        parts = [f"{self.applied} request(s) read"]
        parts += [f"{len(self.refused)} set aside"] if self.refused else []
        return f"{', '.join(parts)}: {self.result}"


class EventReader:
    """Reads one source. Raises PermanentError for settings without a key, or for an address that is not safe."""

    def __init__(self, warehouse: Warehouse, settings: EventSettings) -> None:
        if not settings.source:
            raise PermanentError("no source of events is set: EARSHOT_EVENTS names a folder or an https address")
        if not settings.public_key:
            raise PermanentError(
                "EARSHOT_EVENTS needs SENDGRID_WEBHOOK_KEY, the verification key of the signed event webhook: what "
                "nobody signed is not believed. Nothing was read"
            )
        check_source(settings.source)
        self._warehouse, self._source, self._key = warehouse, settings.source, settings.public_key
        self._max_age = timedelta(hours=settings.max_age_hours)

    def run(self, now: datetime, progress: Callable[[str], None] = lambda _: None) -> EventsRead:
        """Apply what was not read before. Raises EventsUnavailableError or PermanentError where the source is away."""
        read = EventsRead()
        if is_address(self._source):
            name = export_name(self._source)
            etags = [each for _, each in self._read_before([name])]
            found, etag = lines_at(self._source, etags[-1] if etags else None)
        else:
            name, etag, found = "", None, files_in(Path(self._source))
        before = self._read_before([each.name for each in found])
        for each in found:
            if (each.name, each.version) not in before:
                self._take(each, now, read)
                progress(each.name)
        if etag and found:
            # Last, so that a run that ended in between reads the export again.
            self._note(name, etag, "applied", f"{len(found)} line(s)", now)
        return read

    def _read_before(self, names: list[str]) -> dict[tuple[str, str], str]:
        rows = self._warehouse.rows("read_provider_payloads", names=names)
        return {(row["name"], row["version"]): row["version"] for row in rows}

    def _take(self, found: Found, now: datetime, read: EventsRead) -> None:
        """One request: applied, or set aside with the reason; one that cannot be opened now is tried again."""
        try:
            content = found.read()
        except OSError as error:
            read.refused[found.name] = f"it cannot be opened ({error.strerror}); it is tried again"
            return
        try:
            request = read_request(content)
            request.check(self._key, self._max_age, now)
            result = self._apply(request.body, now)
        except EarshotError as error:
            if not is_isolatable(error):
                raise
            read.refused[found.name] = cause_of(error)
            logger.warning("provider events %s were set aside: %s", found.name, cause_of(error))
            self._note(found.name, found.version, "refused", cause_of(error), now)
            return
        read.applied += 1
        read.result.add(result)
        self._note(found.name, found.version, "applied", str(result), now)

    def _apply(self, body: bytes, now: datetime) -> Reconciled:
        return reconcile(self._warehouse, read_events(event_text(body)), now)

    def _note(self, name: str, version: str, state: str, detail: str, now: datetime) -> None:
        values = {"name": name, "version": version, "state": state, "detail": detail, "now": now}
        with self._warehouse.transaction() as connection:
            connection.execute(statement("add_provider_payload").text, values)
