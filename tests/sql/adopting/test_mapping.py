"""The mapping of a platform's tables: what is taken, and what each mistake is called."""

from __future__ import annotations

from pathlib import Path

import pytest

from sql.adopting.mapping import ADOPTABLE, read_mapping
from sql.tables import RAW
from sql.values import PermanentError

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "adopt" / "mapping.yaml"


def test_the_example_is_read_in_the_order_of_foreign_keys() -> None:
    names = [table.name for table in read_mapping(EXAMPLE)]
    assert names == sorted(names, key=ADOPTABLE.index)
    assert {"listener_events", "attribution_events", "campaigns"} <= set(names)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "it needs `tables`"),
        ("tables: []", "it needs `tables`"),
        ("a: [", "is no YAML"),
        ("tables: " + "[" * 5000, "is no YAML: it is nested more than 50 deep"),
        ("tables: {campaigns: {from: a, from: b, columns: {name: n}}}", "is no YAML: 'from' is there twice"),
        (
            "tables: {campaigns: {from: a, where: [b], columns: {name: n}}}",
            "tables.campaigns.where: give the condition",
        ),
        ("tables: {campaign: {}}", "tables.campaign: no such table.*campaigns"),
        ("tables: {campaigns: x}", "tables.campaigns: it needs from and columns"),
        ("tables: {campaigns: {columns: {name: n}}}", "tables.campaigns.from: name the platform's table"),
        ("tables: {campaigns: {from: a, columns: {name: ''}}}", "tables.campaigns.columns.name: give its SQL"),
        ("tables: {campaigns: {from: a, colums: {}}}", "tables.campaigns.colums: only from, where"),
        ("tables: {campaigns: {from: a, arrived_at: b, columns: {name: n}}}", "only listener_events and"),
        ("tables: {listener_events: {from: a, columns: {event_id: n}}}", "listener_events.arrived_at: name the column"),
        ("tables: {listener_events: {from: a, arrived_at: b, columns: {received_at: b}}}", "received_at: it is when"),
    ],
)
def test_each_mistake_is_named_with_its_place(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(text)
    with pytest.raises(PermanentError, match=complaint):
        read_mapping(file)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(PermanentError, match="cannot be read"):
        read_mapping(tmp_path / "none.yaml")


def test_what_can_be_adopted_is_a_table_of_ours() -> None:
    folder = EXAMPLE.parents[3] / "sql" / "migrations"
    text = "\n".join(file.read_text() for file in folder.glob("*.sql"))
    for name in ADOPTABLE:
        assert f"CREATE TABLE {name} (" in text or (name in RAW and f"earshot_create_series('{name}'" in text)
