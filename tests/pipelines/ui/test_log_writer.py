"""The log writer: lines of several pipes, whole, in files that do not grow for ever."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pipelines.ui import log_writer
from pipelines.ui.log_writer import LogFile, copy
from sql.safety.private import UnsafePathError


def test_a_password_is_masked_though_it_came_in_two_parts(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "logs" / "web.log")
    log.add(b"first\npostgresql://ann:s3")
    log.add(b"cret@host/db\nlast, without an end")
    log.close()
    assert log._path.read_text() == "first\npostgresql://ann:***@host/db\nlast, without an end"


def test_pipes_are_read_until_all_are_closed(tmp_path: Path) -> None:
    pipes = [os.pipe(), os.pipe()]
    for number, (_, end) in enumerate(pipes):
        os.write(end, f"line {number}\n".encode())
        os.close(end)
    copy([(pipes[0][0], tmp_path / "a.log"), (pipes[1][0], tmp_path / "b.log")])
    assert [(tmp_path / name).read_text() for name in ("a.log", "b.log")] == ["line 0\n", "line 1\n"]


def test_a_full_file_makes_room_for_a_new_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "MOST_BYTES", 10)
    log = LogFile(tmp_path / "web.log")
    for number in range(6):
        log.add(f"line {number}\n".encode())
    log.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["web.log", "web.log.1"]
    content = (tmp_path / "web.log.1").read_text() + (tmp_path / "web.log").read_text()
    assert content == "line 2\nline 3\nline 4\nline 5\n"


def test_a_log_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "web.log").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnsafePathError, match="is a link"):
        LogFile(tmp_path / "web.log")
    assert not (tmp_path / "elsewhere").exists()


def test_a_log_that_is_a_second_name_of_another_file_is_not_written(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("mine\n")
    (tmp_path / "web.log").hardlink_to(notes)
    with pytest.raises(UnsafePathError, match=r"web.log is no ordinary file of this user's own"):
        LogFile(tmp_path / "web.log")
    assert notes.read_text() == "mine\n"


def test_a_new_log_beside_a_full_one_is_checked_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_writer, "MOST_BYTES", 10)
    notes = tmp_path / "notes.txt"
    notes.write_text("mine\n")
    log = LogFile(tmp_path / "web.log")
    log.add(b"a line that fills the file\n")
    (tmp_path / "web.log.1").hardlink_to(notes)
    log.add(b"the next one\n")
    log.close()
    assert notes.read_text() == "mine\n"
