"""Reading a source: each object once, changed ones again, bad ones set aside, and nothing lost when it stops."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assets.importing.checks.doubts import DoubtfulError
from assets.importing.sources.configured import ObjectState, Source, add_source, read_object_states, retry_objects
from assets.importing.sources.objects import importer
from assets.importing.sources.places import FoundObject, Place
from assets.importing.sources.reading import SourceRead, due_objects, has_news, read_source
from sql.warehouse import Warehouse
from tests.pipelines.commands.importing.network import TENANT, fill_network, source_at

LATER = datetime(2100, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 10, 15, tzinfo=UTC)


def found(name: str, version: str = "1", location: str = "s3://b/", age: int = 0) -> FoundObject:
    return FoundObject(name, version, 9, NOW - timedelta(seconds=age), Place(location), name, None)


@pytest.mark.parametrize(
    ("state", "version", "is_due"),
    [
        ("imported", "1", False),
        ("imported", "0", True),
        ("quarantined", "1", False),
        ("quarantined", "0", True),
        ("left", "1", False),
        ("left", "0", True),
        ("due", "1", True),
    ],
)
def test_an_object_is_due_when_it_changed_or_somebody_wants_it(state: str, version: str, is_due: bool) -> None:
    known = {"a": ObjectState(version, state, False, 0, None)}
    assert [each.name for each, _ in due_objects([found("a"), found("new")], known, NOW)] == ["a"] * is_due + ["new"]


def test_a_local_file_waits_until_nobody_writes_it() -> None:
    fresh, old = found("fresh", location="/logs", age=5), found("old", location="/logs", age=90)
    assert [each.name for each, _ in due_objects([fresh, old], {}, NOW)] == ["old"]


@pytest.fixture
def source(warehouse: Warehouse, tmp_path: Path) -> Source:
    fill_network(warehouse)
    folder = tmp_path / "logs"
    folder.mkdir()
    made = source_at(folder)
    add_source(warehouse, made)
    return made


def write(source: Source, name: str, *seconds: int) -> None:
    lines = [
        f'192.0.2.7 - - [14/Oct/2026:08:12:{second:02} +0000] "GET /harbour-hours/041-the-lock-keeper.mp3 HTTP/1.1" '
        '200 500 "-" "AntennaPod/3.4.0"'
        for second in seconds
    ]
    (Path(source.place.location) / name).write_text("\n".join(lines or ["no log at all"]) + "\n")


def read(warehouse: Warehouse, source: Source) -> SourceRead:
    return read_source(warehouse, source, importer(warehouse, "a test"), clock=lambda: LATER)


def states(warehouse: Warehouse, source: Source) -> dict[str, str]:
    return {name.rsplit("/", 1)[-1]: each.state for name, each in read_object_states(warehouse, source).items()}


def test_each_object_is_imported_once_and_again_when_it_grew(warehouse: Warehouse, source: Source) -> None:
    write(source, "a.log", 1, 2)
    write(source, "b.log", 3)
    first = read(warehouse, source)
    nothing = read(warehouse, source)
    write(source, "a.log", 1, 2, 4)
    grown = read(warehouse, source)

    assert (first.imported, first.stored, nothing.imported) == (2, 3, 0)
    assert (grown.imported, grown.stored, grown.present) == (1, 1, 2)
    assert not has_news(warehouse, source, LATER)


def test_a_bad_object_is_set_aside_and_the_next_is_read(warehouse: Warehouse, source: Source) -> None:
    write(source, "a.log")
    write(source, "b.log", 3)

    done = read(warehouse, source)

    assert (done.imported, done.stored) == (1, 1)
    ((name, reason),) = done.quarantined.items()
    assert name.endswith("/a.log")
    assert "no line of" in reason
    assert states(warehouse, source) == {"a.log": "quarantined", "b.log": "imported"}
    assert read(warehouse, source).quarantined == {}

    write(source, "a.log", 5)
    assert read(warehouse, source).stored == 1
    assert states(warehouse, source)["a.log"] == "imported"


def test_what_is_set_aside_is_read_again_on_request_even_if_it_looks_wrong(
    warehouse: Warehouse, source: Source
) -> None:
    write(source, "a.log", 1)
    log = Path(source.place.location) / "a.log"
    log.write_text(log.read_text() + "broken\nbroken too\n")
    assert list(read(warehouse, source).quarantined)

    assert retry_objects(warehouse, source) == 1
    assert list(read(warehouse, source).quarantined)
    assert retry_objects(warehouse, source, is_forced=True) == 1
    forced = read(warehouse, source)
    assert (forced.stored, forced.rejected) == (1, 2)


def test_a_crash_in_one_object_sets_it_aside_whatever_it_is(warehouse: Warehouse, source: Source) -> None:
    write(source, "a.log", 1)
    write(source, "b.log", 2)
    usual = importer(warehouse, "a test")

    def crashing(source: Source, each: FoundObject, path: Path, is_forced: bool) -> Any:
        if each.name.endswith("a.log"):
            raise ZeroDivisionError("of a library")
        return usual(source, each, path, is_forced)

    done = read_source(warehouse, source, crashing, clock=lambda: LATER)
    assert list(done.quarantined.values()) == ["ZeroDivisionError: of a library"]
    assert done.stored == 1


def test_a_stop_between_objects_loses_none_and_reads_none_twice(warehouse: Warehouse, source: Source) -> None:
    for number in range(3):
        write(source, f"{number}.log", number)
    usual = importer(warehouse, "a test")
    calls = iter(range(9))

    def stopping(source: Source, each: FoundObject, path: Path, is_forced: bool) -> Any:
        if next(calls) == 1:
            raise KeyboardInterrupt
        return usual(source, each, path, is_forced)

    with pytest.raises(KeyboardInterrupt):
        read_source(warehouse, source, stopping, clock=lambda: LATER)
    rest = read(warehouse, source)
    assert (rest.imported, rest.stored) == (2, 2)


def test_an_object_that_was_taken_back_stays_away_until_it_changes(warehouse: Warehouse, source: Source) -> None:
    from sql.raw.taking_back import take_back

    write(source, "a.log", 1)
    read(warehouse, source)
    (row,) = warehouse.rows("read_imports", tenants=[TENANT], numbers=None, since="2000-01-01", most=9)
    assert (row["source"], row["version"] is not None) == ("cdn", True)
    take_back(warehouse, TENANT, row["import_id"], "ann")

    assert states(warehouse, source) == {"a.log": "left"}
    assert read(warehouse, source).imported == 0
    retry_objects(warehouse, source, list(read_object_states(warehouse, source)))
    assert read(warehouse, source).stored == 1


def test_another_tenants_source_of_the_same_name_is_another(warehouse: Warehouse, source: Source) -> None:
    assert list(read_object_states(warehouse, replace(source, name="other"))) == []


def test_why_an_object_is_set_aside_names_no_other_tenant_to_the_readers_of_this_one(
    warehouse: Warehouse, source: Source
) -> None:
    write(source, "a.log", 1)

    def refused(source: Source, each: FoundObject, path: Path, is_forced: bool) -> Any:
        raise DoubtfulError("files of the tenant south", "files of another tenant")

    done = read_source(warehouse, source, refused, clock=lambda: LATER)
    with warehouse.transaction() as connection:
        kept = connection.execute("SELECT reason FROM import_objects").fetchall()

    assert list(done.quarantined.values()) == ["files of the tenant south"], "the operators see it"
    assert kept == [("files of another tenant",)]
