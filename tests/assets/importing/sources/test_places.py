"""Places: what is found in folders, by patterns and in a real object store, and what is said where nothing is."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from assets.importing.sources.places import (
    Place,
    SourceUnavailableError,
    check_place,
    explained,
    find_objects,
    opened,
    standard_input,
)
from sql.values import PermanentError
from tests.object_store import ObjectStore, free_ports


def names(place: Place) -> list[str]:
    return [each.name.rsplit("/", 1)[-1] for each in find_objects(place)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Logs in two folders, and what is no log beside them; the later in the alphabet is the older."""
    (tmp_path / "deep").mkdir()
    for age, name in enumerate(("b.log", "deep/a.log.gz", "b.log.rejects.tsv", ".hidden", "c.part", "empty.log")):
        file = tmp_path / name
        file.write_bytes(b"" if name == "empty.log" else b"x" * (age + 1))
        os.utime(file, (1_700_000_000 + age, 1_700_000_000 + age))
    return tmp_path


def test_a_folder_means_its_logs_and_those_below_oldest_first(folder: Path) -> None:
    assert names(Place(str(folder))) == ["b.log", "a.log.gz"]


def test_links_to_folders_and_pipes_are_no_logs(folder: Path) -> None:
    (folder / "deep" / "up.log").symlink_to(folder)
    (folder / "same.log").symlink_to(folder / "b.log")
    os.mkfifo(folder / "pipe.log")

    assert sorted(names(Place(str(folder)))) == ["a.log.gz", "b.log", "same.log"]
    assert sorted(names(Place(f"{folder}/*.log"))) == ["b.log", "same.log"]


def test_a_file_that_went_before_it_was_read_is_named(folder: Path) -> None:
    [found, _] = find_objects(Place(str(folder)))
    (folder / "b.log").unlink()

    with pytest.raises(PermanentError, match=r"b\.log cannot be read"), opened(found):
        pass


def test_a_pattern_and_a_file_mean_what_they_name(folder: Path) -> None:
    assert names(Place(f"{folder}/**/*.gz")) == ["a.log.gz"]
    # Whatever it is called, somebody has named it.
    assert names(Place(str(folder / ".hidden"))) == [".hidden"]


def test_a_file_has_another_version_once_it_changed(folder: Path) -> None:
    log = folder / "b.log"
    before = find_objects(Place(str(log)))[0]
    log.write_bytes(b"more")
    after = find_objects(Place(str(log)))[0]
    assert (before.name, before.bytes) == (after.name, 1)
    assert before.version != after.version
    with opened(after) as path:
        assert path == log


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("no/such/log", "does not exist"),
        ("s3://key:secret@bucket/logs", "has a login in it"),
        ("s3://bucket/a::file://b", "one place"),
        ("nonsense://bucket/a", "is no location"),
        (" ", "A location is"),
    ],
)
def test_what_is_no_place_is_said(location: str, said: str) -> None:
    with pytest.raises(PermanentError, match=said) as raised:
        find_objects(Place(location))
    assert "secret" not in str(raised.value)


def test_an_option_that_is_none_is_refused() -> None:
    with pytest.raises(PermanentError, match="not secret_key"):
        check_place(Place("s3://bucket/", {"secret_key": "x"}))


def test_a_store_whose_package_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gcsfs", None)
    with pytest.raises(PermanentError, match=r"pip install 'earshot\[gs\]'"):
        find_objects(Place("gs://bucket/logs/"))


def test_the_standard_input_is_kept_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(b"lines")))
    with standard_input() as path:
        assert path.read_bytes() == b"lines"
    assert not path.exists()


def test_objects_of_a_store_are_found_by_prefix_folder_and_pattern(store: ObjectStore) -> None:
    for name in ("cdn/E1.2026-10-14.gz", "cdn/E1.2026-10-15.gz", "cdn/E2.2026-10-14.gz", "other/x.gz"):
        store.put(f"places/{name}", b"content of " + name.encode())
    place = {"endpoint": store.endpoint}

    assert sorted(names(Place("s3://places/cdn/", place))) == [
        "E1.2026-10-14.gz",
        "E1.2026-10-15.gz",
        "E2.2026-10-14.gz",
    ]
    assert sorted(names(Place("s3://places/cdn/E1.", place))) == ["E1.2026-10-14.gz", "E1.2026-10-15.gz"]
    assert names(Place("s3://places/*/x*", place)) == ["x.gz"]
    (found,) = find_objects(Place("s3://places/cdn/E2.2026-10-14.gz", place))
    assert (found.name, found.bytes) == ("s3://places/cdn/E2.2026-10-14.gz", 31)
    with opened(found) as path:
        assert path.read_bytes() == b"content of cdn/E2.2026-10-14.gz"
        assert path.parent.stat().st_mode & 0o077 == 0
    assert not path.exists()


def test_a_prefix_of_which_everything_was_removed_is_empty_and_not_missing(store: ObjectStore) -> None:
    store.put("emptied/cdn/E1.gz", b"x")
    place = {"endpoint": store.endpoint}
    store.store.rm("emptied/cdn", recursive=True)
    assert [names(Place(f"s3://emptied/{prefix}", place)) for prefix in ("cdn/", "cdn", "cdn/E1.", "")] == [[]] * 4
    for prefix in ("", "cdn/", "cdn/E1."):
        with pytest.raises(PermanentError, match="does not exist"):
            find_objects(Place(f"s3://no-such-bucket/{prefix}", place))


def test_a_bucket_that_is_not_there_a_wrong_login_and_a_dead_store_are_said(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = {"endpoint": store.endpoint}
    with pytest.raises(PermanentError, match="does not exist"):
        find_objects(Place("s3://no-such-bucket/logs/", place))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another")
    with pytest.raises(PermanentError, match="may not be read"):
        find_objects(Place("s3://places/", {**place, "region": "eu-central-1"}))
    (port,) = free_ports(1)
    with pytest.raises(SourceUnavailableError, match="could not be read now"):
        find_objects(Place("s3://places/", {"endpoint": f"http://127.0.0.1:{port}"}))


def test_a_place_without_room_is_said_to_have_none() -> None:
    """Every write to this device fails as on a disk without room."""
    place = Place("/var/archive")
    full = Path("/dev/full").open("wb", buffering=0)  # noqa: SIM115  (closed below)
    with pytest.raises(SourceUnavailableError) as caught, explained(place), full:
        full.write(b"a row")
    assert str(caught.value).startswith("/var/archive could not be written (OSError")


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    for name in ("[ab].log", "a.log"):
        (tmp_path / name).write_text("x")
    assert [Path(each.path).name for each in find_objects(Place(str(tmp_path / "[ab].log")))] == ["[ab].log"]
    assert [Path(each.path).name for each in find_objects(Place(str(tmp_path / "[a].log")))] == ["a.log"]
