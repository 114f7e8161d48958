"""earshot show, as an analyst looks at tables."""

from __future__ import annotations

import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from pipelines.cli import main
from pipelines.commands.numbers.show import file_of
from sql.embedded import Server
from sql.schema.browsing import Choice, count_of, rows_of
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.sql.rows import DAY, HARBOR, KREUZBERG, RUN, add_tenants, fill

PAGE = Path(__file__).parents[3] / "docs" / "tables.md"


@pytest.fixture(scope="module")
def url(server: Server, template: str) -> Iterator[str]:
    """A database with two tenants and rows of the same ids in every kind of table."""
    with cloned_database(server, template) as address:
        warehouse = Warehouse(address)
        add_tenants(warehouse)
        fill(warehouse, HARBOR)
        fill(warehouse, KREUZBERG)
        warehouse.close()
        yield address


@pytest.fixture
def filled(url: str) -> Warehouse:
    return Warehouse(url)


def show(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["show", *arguments], env={"DATABASE_URL": url})


def shown(url: str, *arguments: str) -> Result:
    result = show(url, "--tenant", "harbor-audio", *arguments)
    assert result.exit_code == 0, result.output
    return result


def test_every_table_is_shown_in_every_format_and_of_one_tenant(filled: Warehouse) -> None:
    seen = 0
    for relation in filled.relations():
        if relation.schema == "bi":
            rows = filled.look(HARBOR, rows_of(relation, Choice()), "Looking")
            assert filled.look(HARBOR, count_of(relation, Choice()), "Counting")["rows"].item() == rows.height
            assert "tenant_id" not in rows or set(rows["tenant_id"]) <= {str(HARBOR)}
            assert pl.read_parquet(io.BytesIO(file_of(rows, "parquet"))).equals(rows)
            assert len(json.loads(file_of(rows, "json"))) == rows.height
            assert file_of(rows, "csv").decode().startswith(",".join(rows.columns[:3]))
            seen += rows.height
    assert seen > 50


def test_ids_are_text_with_names_beside_them(url: str) -> None:
    rows = pl.read_csv(io.StringIO(shown(url, "listener_metrics", "--format", "csv").stdout))
    assert rows.select("tenant_id", "podcast_id", "podcast").row(0) == (str(HARBOR), str(RUN), "Tides")
    scopes = json.loads(shown(url, "listening_daily", "--format", "json", "--where", "level=podcast").stdout)
    assert [row["scope"] for row in scopes] == ["Tides"]


def test_a_screen_gets_the_newest_rows_and_a_word_of_how_many_more(url: str) -> None:
    result = shown(url, "listener_events", "--limit", "3", "--columns", "occurred_at,client_ip")
    assert [line.split() for line in result.stdout.splitlines()] == [
        ["occurred_at", "client_ip"],
        *([str(DAY), f"{hour}:00:00", "10.20.30.40"] for hour in (23, 22, 21)),
    ]
    assert "21 more rows; --limit 0 shows all" in result.stderr
    assert len(shown(url, "listener_events", "--limit", "0").stdout.splitlines()) == 25
    assert "more rows" not in shown(url, "listener_events", "--limit", "24").stderr


def test_days_and_conditions_choose_rows(url: str) -> None:
    day = str(DAY)
    assert len(json.loads(shown(url, "listener_events", "--from", day, "--to", day, "--format", "json").stdout)) == 24
    earlier = str(DAY.replace(day=DAY.day - 1))
    assert shown(url, "listener_events", "--to", earlier).stdout == "No rows.\n"
    first = shown(url, "listener_events", "--from", day, "--limit", "1", "--columns", "occurred_at").stdout
    assert first.splitlines()[1] == f"{day} 00:00:00"
    some = shown(url, "listener_events", "--where", f"occurred_at>={day} 22:00Z", "--where", "source=server_log")
    assert len(some.stdout.splitlines()) == 3


def test_a_file_gets_every_row_and_is_its_owner_s_alone(url: str, tmp_path: Path) -> None:
    file = tmp_path / "events.parquet"
    result = shown(url, "listener_events", "--format", "parquet", "-o", str(file))
    assert result.stdout == ""
    assert pl.read_parquet(file).height == 24
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("arguments", "expected_text"),
    [
        (["downlods", "--tenant", "harbor-audio"], "There is no table 'downlods'; did you mean downloads?"),
        (["role_tenants", "--tenant", "harbor-audio"], "There is no table 'role_tenants'"),
        (["downloads"], "Say whose rows: --tenant SLUG; there are harbor-audio, kreuzberg-radio"),
        (["downloads", "--tenant", "harbour-audio"], "There is no tenant 'harbour-audio'; did you mean harbor-audio"),
        (
            ["downloads", "--tenant", "harbor-audio", "--columns", "ap"],
            "downloads has no column 'ap'; did you mean",
        ),
        (["downloads", "--tenant", "harbor-audio", "--where", "app"], "'app' is no condition; write COLUMN=VALUE"),
        (["podcasts", "--tenant", "harbor-audio", "--from", "2026-01-01"], "podcasts has no days"),
        (["downloads", "--tenant", "harbor-audio", "--where", "day=x"], "invalid input syntax for type date"),
    ],
)
def test_what_cannot_be_shown_says_what_to_do(url: str, arguments: list[str], expected_text: str) -> None:
    result = show(url, *arguments)
    assert result.exit_code == 1
    assert expected_text in " ".join(result.stderr.split())


def test_values_are_values_and_never_sql(url: str) -> None:
    for value in ("x' OR true --", "%s", "{}", "'; DROP TABLE tenants; --"):
        assert shown(url, "podcasts", "--where", f"title={value}").stdout == "No rows.\n"
    bad = show(url, "podcasts", "--tenant", "harbor-audio", "--where", 'title" OR true OR "title=x')
    assert bad.exit_code == 1


def test_text_of_a_row_is_never_markup(filled: Warehouse, url: str) -> None:
    with filled.transaction() as connection:
        connection.execute("UPDATE podcasts SET title = '[/nope] [red]Tides' WHERE tenant_id = %s", [KREUZBERG])
    assert "[/nope] [red]Tides" in show(url, "podcasts", "--tenant", "kreuzberg-radio").stdout


def test_without_a_table_every_table_is_listed_with_what_it_holds(url: str) -> None:
    listed = show(url).stdout
    assert "downloads                   Counted downloads, one row each." in listed
    assert "listening_daily" in listed
    assert "role_tenants" not in listed
    described = show(url, "downloads", "--describe").stdout
    assert "basis" in described
    assert "assumed_size (960,000 bytes)" in described


def test_the_page_of_tables_is_up_to_date(url: str) -> None:
    page = show(url, "--markdown").stdout
    assert page == PAGE.read_text("utf-8"), "make it again: earshot show --markdown -o docs/tables.md"
