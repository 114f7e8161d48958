"""A platform's tables under our names: what fits, and what is said of what does not."""

from __future__ import annotations

from uuid import UUID

import psycopg
import pytest

from sql.adopting.mapping import MappedTable
from sql.adopting.views import make_views
from sql.values import PermanentError
from sql.warehouse import Warehouse

SHOWS = MappedTable(
    "podcasts",
    "(VALUES (1, 7, 'a'), (2, 7, 'b')) AS p (id, network, slug)",
    {"tenant_id": "network", "podcast_id": "id", "slug": "slug", "title": "upper(slug)"},
)

ROWS = "SELECT tenant_id, podcast_id, title FROM adopted.podcasts ORDER BY slug"


def made(url: str, *tables: MappedTable) -> None:
    with psycopg.connect(url) as connection:
        make_views(connection, tables)


def test_ids_of_any_kind_become_the_same_uuids_each_time(database_url: str) -> None:
    made(database_url, SHOWS)
    with psycopg.connect(database_url) as connection:
        first = connection.execute(ROWS).fetchall()
        assert [row[2] for row in first] == ["A", "B"]
        assert len({row[1] for row in first}) == 2
        assert len({row[0] for row in first}) == 1
        named = UUID("5f0c4b57-3a9c-4a0e-8d25-0b6c1b8f7a01")
        found = connection.execute(
            "SELECT adopted.id('a', %s), adopted.id('a', '7'), adopted.id('b', '7')", [str(named)]
        )
        same, one, other = found.fetchone() or ()
        assert same == named
        assert one != other
    made(database_url, SHOWS)
    with psycopg.connect(database_url) as connection:
        assert (
            connection.execute("SELECT tenant_id, podcast_id, title FROM adopted.podcasts ORDER BY slug").fetchall()
            == first
        )


def test_the_pipeline_reads_the_views_and_nothing_of_the_platform(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE SCHEMA platform")
        connection.execute("CREATE TABLE platform.shows AS SELECT 1 AS id, 7 AS network, 'a' AS slug")
    made(database_url, MappedTable("podcasts", "platform.shows", SHOWS.columns))
    warehouse = Warehouse(database_url)
    with warehouse.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM adopted.podcasts").fetchone() == (1,)
    for role in ("earshot_report", "earshot_readonly"):
        with pytest.raises(Exception, match="permission denied"), warehouse.transaction(role) as connection:
            connection.execute("SELECT FROM adopted.podcasts")
    warehouse.close()


@pytest.mark.parametrize(
    ("columns", "source", "complaint"),
    [
        ({**SHOWS.columns, "name": "slug"}, SHOWS.source, "podcasts.columns.name: podcasts has no such column"),
        ({"tenant_id": "network"}, SHOWS.source, r"columns.podcast_id: it cannot be left out.*columns.title"),
        ({**SHOWS.columns, "slug": "slugg"}, SHOWS.source, r"tables.podcasts: .*slugg"),
        (SHOWS.columns, "platform.nowhere", r"tables.podcasts: .*platform.nowhere"),
        ({**SHOWS.columns, "slug": "slug); DROP TABLE podcasts; --"}, SHOWS.source, "tables.podcasts: the database"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_made(
    database_url: str, columns: dict[str, str], source: str, complaint: str
) -> None:
    made(database_url, SHOWS)
    with pytest.raises(PermanentError, match=complaint):
        made(database_url, MappedTable("podcasts", source, columns))
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM adopted.podcasts").fetchone() == (2,)


def test_an_expression_is_no_way_to_a_second_statement(database_url: str) -> None:
    source = f"{SHOWS.source}; CREATE TABLE second ()"
    with pytest.raises(PermanentError, match="cannot insert multiple commands"):
        made(database_url, MappedTable("podcasts", source, SHOWS.columns))
