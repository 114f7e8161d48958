"""Where an entry stands."""

from __future__ import annotations

from assets.catalogue.files.entries import Place, Problem, Raw


def test_a_field_stands_on_its_own_line_and_a_missing_one_where_the_entry_begins() -> None:
    raw = Raw("shows", None, {"id": "a"}, Place("f.yaml", 3), {"id": 4})
    assert [str(raw.at(name)) for name in ("id", "title")] == ["f.yaml:4", "f.yaml:3"]
    assert str(Problem(Place("f.yaml"), "it is empty")) == "f.yaml: it is empty"
