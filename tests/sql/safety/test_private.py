"""Files about people are their owner's alone, whatever the umask, and follow no link that somebody planted."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from assets.listening.identity.keys import Keyring
from sql.safety.private import (
    UnsafePathError,
    append_private,
    open_folder,
    private_folder,
    write_new_private,
    write_private,
)


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def _umask(request: pytest.FixtureRequest) -> Iterator[None]:
    before = os.umask(request.param)
    yield
    os.umask(before)


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.lstat().st_mode))


@pytest.mark.usefixtures("_umask")
def test_files_and_folders_are_private_whatever_the_umask(tmp_path: Path) -> None:
    home = tmp_path / "home"
    folder = private_folder(home / "a" / "b", within=home)
    write_private(folder / "new", "x")
    append_private(folder / "log", "x")
    (folder / "old").write_text("open to all")
    (folder / "old").chmod(0o666)
    write_private(folder / "old", b"x")
    Keyring.create(home / "keyring.json")
    assert {mode(each) for each in (home / "a", folder)} == {"0o700"}
    files = [*folder.iterdir(), home / "keyring.json"]
    assert {mode(each) for each in files} == {"0o600"}
    assert len(files) == 4
    assert not home.stat().st_mode & 0o022


@pytest.mark.usefixtures("_umask")
def test_an_open_folder_becomes_private_and_a_persons_own_stays(tmp_path: Path) -> None:
    ours, desktop = tmp_path / "ours", tmp_path / "desktop"
    for each in (ours, desktop):
        each.mkdir()
        each.chmod(0o755)
    private_folder(ours)
    private_folder(desktop, tighten=False)
    assert mode(ours) == "0o700"
    assert mode(desktop) == "0o755"


def test_a_folder_that_is_everybodys_keeps_its_mode(tmp_path: Path) -> None:
    shared = tmp_path / "tmp"
    shared.mkdir()
    shared.chmod(0o1777)
    private_folder(shared)
    assert mode(shared) == "0o1777"


def test_links_in_the_place_of_files_are_refused(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    link = tmp_path / "link"
    link.symlink_to(victim)
    second = tmp_path / "second name"
    second.hardlink_to(victim)
    for name, write in {"link": write_private, "second name": append_private}.items():
        with pytest.raises(UnsafePathError):
            write(tmp_path / name, "theirs")
    with pytest.raises(UnsafePathError, match="is a link"):
        append_private(link, "theirs")
    with pytest.raises(FileExistsError):
        write_new_private(link, "theirs")
    with pytest.raises(UnsafePathError, match="no ordinary file"):
        write_private(Path("/dev/null"), "theirs")
    write_private(second, "another file by now")
    assert victim.read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "second name", "victim"]


def test_a_link_that_leads_nowhere_is_refused_too(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "made by following")
    for write in (write_private, append_private):
        with pytest.raises(UnsafePathError):
            write(tmp_path / "link", "x")
    assert not (tmp_path / "made by following").exists()


@pytest.mark.parametrize("planted", ["a", "a/b", "a/b/c"])
def test_a_link_in_the_place_of_any_folder_is_refused(tmp_path: Path, planted: str) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = home / planted
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    with pytest.raises(UnsafePathError, match="is a link"):
        private_folder(home / "a" / "b" / "c", within=home)
    assert list(elsewhere.iterdir()) == []


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for make in (private_folder, open_folder):
        with pytest.raises(UnsafePathError, match="file"):
            make(tmp_path / "file" / "folder")
