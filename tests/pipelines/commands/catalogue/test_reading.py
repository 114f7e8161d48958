"""Reading files of a catalogue: in the encodings that spreadsheets write, or with the line that cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.commands.catalogue.reading import read_files


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_are_read_as_spreadsheets_write_them(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "sponsors.csv"
    file.write_bytes("id\tname\r\na\tBäckerei\r\n".encode(encoding))
    (entry,), problems = read_files([file])
    assert (entry.values["name"], problems) == ("Bäckerei", [])


def test_a_file_in_another_encoding_names_the_line_and_what_to_do(tmp_path: Path) -> None:
    file = tmp_path / "sponsors.csv"
    file.write_bytes("id;name\r\na;A\r\nb;Bäckerei\r\n".encode("cp1252"))
    entries, (problem,) = read_files([file])
    assert (entries, problem.place.line) == ([], 3)
    assert "save it as UTF-8 (Excel: CSV UTF-8)" in problem.message
