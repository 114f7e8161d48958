"""Configured sources: entered, changed, found by name and removed; no tenant sees another's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from assets.importing.sources.configured import (
    add_source,
    find_source,
    note_object,
    read_object_states,
    remove_source,
    retry_objects,
    sources_of,
)
from assets.importing.sources.places import FoundObject, Place
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.pipelines.commands.importing.network import TENANT, fill_network, source_at

CDN = source_at(
    Place("s3://logs/E1.", {"endpoint": "http://127.0.0.1:9"}),
    format_name="cloudfront-realtime",
    reading={"fields": "timestamp c-ip"},
)
OBJECT = FoundObject("s3://logs/E1.gz", "tag-9", 9, datetime(2026, 10, 14, tzinfo=UTC), CDN.place, "logs/E1.gz", None)


def test_a_source_is_entered_changed_and_removed_with_what_was_read_of_it(warehouse: Warehouse) -> None:
    fill_network(warehouse)
    add_source(warehouse, CDN)
    note_object(warehouse, CDN, OBJECT, "imported", None, None)
    add_source(warehouse, replace(CDN, entered_by="ben"))

    found = find_source(warehouse, "north/cdn")
    assert replace(found, entered_at=None) == replace(CDN, entered_by="ben")
    assert read_object_states(warehouse, found)[OBJECT.name].version == "tag-9"
    with pytest.raises(PermanentError, match=r"There is no source north/other; of north there are: north/cdn"):
        find_source(warehouse, "north/other")
    with pytest.raises(PermanentError, match="name it as TENANT/NAME"):
        find_source(warehouse, "cdn")

    remove_source(warehouse, found)
    assert sources_of(warehouse, [TENANT]) == []
    assert read_object_states(warehouse, found) == {}


def test_a_named_object_that_was_never_read_cannot_be_read_again(warehouse: Warehouse) -> None:
    fill_network(warehouse)
    add_source(warehouse, CDN)
    note_object(warehouse, CDN, OBJECT, "quarantined", None, "it is no log")
    note_object(warehouse, CDN, OBJECT, "quarantined", None, "it is no log")

    assert read_object_states(warehouse, CDN)[OBJECT.name].attempts == 2
    with pytest.raises(PermanentError, match="Of the 1 objects that you named, 0 were read before"):
        retry_objects(warehouse, CDN, ["s3://logs/other"])
    assert retry_objects(warehouse, CDN, [OBJECT.name], is_forced=True) == 1
    assert read_object_states(warehouse, CDN)[OBJECT.name].is_forced
