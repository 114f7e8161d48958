"""earshot sources: entering, looking, and reading again what was set aside."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import polars as pl
import pytest
from click.testing import CliRunner, Result

from assets.importing.sources.configured import find_source
from assets.importing.sources.objects import importer
from assets.importing.sources.reading import read_source
from pipelines.commands.importing.sources import sources
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.pipelines.commands.importing.network import TENANT

Run = Callable[..., Result]


@pytest.fixture
def run(network: Warehouse, database_url: str) -> Run:
    def call(*arguments: str) -> Result:
        return CliRunner(env={"DATABASE_URL": database_url}).invoke(sources, arguments)

    return call


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with what is no log, written an hour ago."""
    logs = tmp_path / "logs"
    logs.mkdir()
    log = logs / "a.log"
    log.write_text("no log at all\n")
    os.utime(log, (1_700_000_000, 1_700_000_000))
    return logs


def said(result: Result) -> str:
    assert result.exit_code == 0, result.output
    return result.output


def test_a_source_is_entered_looked_at_read_again_and_removed(run: Run, network: Warehouse, folder: Path) -> None:
    assert "No tenant has a source yet" in said(run("list"))
    added = said(run("add", "north/edge", str(folder), "--format", "combined"))
    assert "north/edge is entered" in added
    assert "1 objects are there" in added
    looked = said(run("check", "north/edge"))
    assert "0 were read before, 1 are due" in looked
    assert "a.log (14 bytes)" in looked

    read_source(network, find_source(network, "north/edge"), importer(network, "a test"))

    listed = said(run("list")).splitlines()[1].split()
    assert (listed[0], listed[2:6]) == ("north/edge", ["combined", "0", "1", "0"])
    assert "set aside 1 time(s)" in said(run("check", "north/edge"))
    assert "1 object(s) of north/edge are read again" in said(run("retry", "north/edge"))
    assert "Nothing of north/edge is set aside." in said(run("retry", "north/edge"))
    assert "is looked at no more" in said(run("remove", "north/edge"))
    assert isinstance(run("check", "north/edge").exception, PermanentError)


def test_a_source_without_anything_is_told_from_one_that_was_emptied(
    run: Run, network: Warehouse, folder: Path
) -> None:
    log = folder / "a.log"
    content = log.read_text()
    log.unlink()
    assert "nothing is there yet" in said(run("add", "north/edge", str(folder), "--format", "combined"))
    log.write_text(content)
    os.utime(log, (1_700_000_000, 1_700_000_000))
    read_source(network, find_source(network, "north/edge"), importer(network, "a test"))
    log.unlink()
    assert "it is empty now: what was read there has been removed" in said(run("check", "north/edge"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("edge", "/logs"), "write TENANT/NAME"),
        (("north/edge", "/no/such/folder"), "does not exist"),
        (("nord/edge", "."), "There is no tenant 'nord'"),
        (("north/edge", "s3://me:secret@bucket/"), "has a login in it"),
        (("north/edge", ".", "--fields", "a b"), "names its own fields"),
    ],
)
def test_what_cannot_be_a_source_is_refused(run: Run, arguments: tuple[str, ...], message: str) -> None:
    refused = run("add", *arguments, "--format", "combined")
    assert isinstance(refused.exception, PermanentError)
    assert message in str(refused.exception)


def test_a_store_that_is_away_is_entered_and_looked_at_later(run: Run) -> None:
    added = run("add", "north/away", "s3://b/", "--format", "s3", "--endpoint", "http://127.0.0.1:9", "--anonymous")
    assert added.exit_code == 0, added.output
    assert "could not be read now" in added.stderr
    assert "north/away" in said(run("list"))


def test_a_source_of_orders_names_its_sponsor_and_has_no_options_of_logs(run: Run, network: Warehouse) -> None:
    network.insert(
        "sponsors", pl.DataFrame({"tenant_id": [TENANT.bytes], "sponsor_id": [UUID(int=9).bytes], "name": ["Acme"]})
    )
    shop = ("add", "north/shop", "s3://shop/", "--endpoint", "http://127.0.0.1:9", "--anonymous", "--kind", "orders")
    assert "read as orders of acme" in said(run(*shop, "--sponsor", "acme", "--map", "shopify", "--currency", "EUR"))
    entered = find_source(network, "north/shop")
    assert (entered.kind, entered.format_name) == ("orders", "shopify")
    assert entered.reading == {"sponsor": str(UUID(int=9)), "map": "shopify", "currency": "EUR"}
    for arguments, message in {
        shop: "say whose orders",
        (*shop, "--sponsor", "Zenith"): "There is no sponsor 'Zenith'; there are: Acme",
        (*shop, "--sponsor", "Acme", "--map", "amazon"): "--map names 'amazon'",
        (*shop, "--sponsor", "Acme", "--format", "combined"): "--format is of a source of logs",
        (*shop, "--sponsor", "Acme", "--time-zone", "Mars"): "no time zone 'Mars'",
        (*shop[:-2], "--format", "s3", "--sponsor", "Acme"): "--sponsor is of a source of orders",
        shop[:-2]: "--format with one of",
    }.items():
        assert message in str(run(*arguments).exception), arguments
