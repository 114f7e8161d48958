"""The catalogue: every relation and every column of the database says what it means."""

from __future__ import annotations

import pytest

from sql.schema.catalogue import ABOUT, Relation, comment_of, relations, words, write_comments
from sql.warehouse import Warehouse


@pytest.fixture
def found(warehouse: Warehouse) -> list[Relation]:
    with warehouse.transaction() as connection:
        return relations(connection)


def test_every_relation_and_every_column_has_a_comment(found: list[Relation]) -> None:
    lacking = [relation.name for relation in found if not relation.comment]
    lacking += [f"{each.name}.{column.name}" for each in found for column in each.columns if not column.comment]
    assert lacking == [], "say in sql/catalogue.toml what these mean"
    assert {"listener_events", "tenants", "role_tenants"} <= {each.name for each in found if each.schema == "public"}
    assert {"listener_events", "listening_daily"} <= {each.name for each in found if each.schema == "bi"}


def test_the_comments_are_those_of_the_file(found: list[Relation]) -> None:
    for relation in found:
        assert relation.comment == comment_of(relation.name)
        for column in relation.columns:
            assert column.comment == comment_of(relation.name, column.name)


def test_the_file_says_nothing_of_what_is_not_there(found: list[Relation]) -> None:
    everywhere, own = words()
    columns = {relation.name: {column.name for column in relation.columns} for relation in found}
    assert set(own) - set(columns) == set()
    strays = {name: set(texts) - {ABOUT} - columns[name] for name, texts in own.items()}
    assert {name: stray for name, stray in strays.items() if stray} == {}
    assert set(everywhere) - {name for names in columns.values() for name in names} == set()


def test_amounts_name_their_currency_and_every_meaning_is_a_sentence() -> None:
    everywhere, own = words()
    meanings = [*everywhere.items(), *(item for texts in own.values() for item in texts.items())]
    for column, meaning in meanings:
        assert meaning.endswith("."), (column, meaning)
        if column.endswith("_minor"):
            assert "currency" in meaning, (column, meaning)


def test_comments_are_written_once_and_mended_where_somebody_changed_them(warehouse: Warehouse) -> None:
    with warehouse.transaction("earshot_owner") as connection:
        assert write_comments(connection) == 0
        connection.execute("COMMENT ON COLUMN tenants.slug IS 'mine'")
        connection.execute("COMMENT ON VIEW bi.downloads IS NULL")
        assert write_comments(connection) == 2
        assert write_comments(connection) == 0
