"""earshot import-orders on a real database: through the command, with its words and its code."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import polars as pl
import pytest
from click.testing import CliRunner, Result

from pipelines.commands.importing.orders import orders
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.pipelines.commands.importing.network import TENANT


def run(url: str, *arguments: str) -> Result:
    return CliRunner(env={"DATABASE_URL": url}).invoke(orders, [*arguments, "--tenant", "north", "--sponsor", "Acme"])


@pytest.fixture
def shop(network: Warehouse, tmp_path: Path) -> Path:
    """An export of Shopify's: a paid order with two items, and one of which something was paid back."""
    network.insert(
        "sponsors", pl.DataFrame({"tenant_id": [TENANT.bytes], "sponsor_id": [UUID(int=9).bytes], "name": ["Acme"]})
    )
    file = tmp_path / "orders.csv"
    file.write_text(
        "Name,Financial Status,Created at,Total,Currency,Discount Code,Refunded Amount\n"
        "#1001,paid,2026-10-14 08:12:00 +0200,19.90,EUR,TIDES,0.00\n"
        "#1001,,,,,,\n"
        "#1002,partially_refunded,2026-10-15 08:12:00 +0200,5.00,EUR,,2.00\n"
    )
    return file


def test_an_export_is_stored_once_and_a_person_asked_to_look_at_refunds(shop: Path, database_url: str) -> None:
    first, again = run(database_url, str(shop)), run(database_url, str(shop))

    assert first.exit_code == again.exit_code == 3, first.output
    assert "2 orders read of" in first.stdout
    assert "2 stored, 0 already there" in first.stdout
    assert "0 stored, 2 already there" in again.stdout
    assert "of 1 orders something was paid back" in first.stderr
    assert "earshot imports undo 1 takes it back" in first.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(("--time-zone", "Mars"), "There is no time zone 'Mars'"), (("--map", "amazon"), "--map names 'amazon'")],
)
def test_options_that_cannot_be_are_named(
    shop: Path, database_url: str, arguments: tuple[str, ...], message: str
) -> None:
    failed = run(database_url, str(shop), *arguments)
    assert isinstance(failed.exception, PermanentError)
    assert message in str(failed.exception)


def test_of_several_exports_one_that_cannot_be_read_costs_none_of_the_others(shop: Path, database_url: str) -> None:
    (shop.parent / "aa.csv").write_text("no,orders\n1,2\n")
    (shop.parent / "zz.csv").write_text("order_id,occurred_at,value,currency\n7,2026-10-14T08:12:00Z,5,EUR\n")

    done = run(database_url, str(shop.parent))

    assert done.exit_code == 1
    assert "aa.csv is not imported: " in done.stderr
    assert "2 stored, 0 already there" in done.stdout
    assert "1 stored, 0 already there" in done.stdout
