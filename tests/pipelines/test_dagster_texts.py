"""Dagster's texts: what it prints of its own trouble is for people."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from dagster import EventLogEntry
from dagster._core.storage.event_log import InMemoryEventLogStorage
from sqlalchemy.exc import OperationalError

from pipelines.dagster_texts import shorten_storing
from sql.connections.connecting import DatabaseUnavailableError


class LostStorage(InMemoryEventLogStorage):
    """A history whose database has just gone away."""

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        raise OperationalError("INSERT INTO event_logs", {"asset_key": "downloads"}, Exception("connection closed"))


def test_events_that_cannot_be_stored_are_told_in_a_line_without_the_statement() -> None:
    storage = LostStorage()
    shorten_storing(storage)
    with pytest.raises(DatabaseUnavailableError) as caught:
        storage.store_event_batch([])
    assert str(caught.value) == "(builtins.Exception) connection closed"
