"""The methodology page: it says what is in force, and its version changes exactly when that does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import polars as pl
import psycopg
import pytest
from click.testing import CliRunner

from assets.listening.downloads.dispositions import DISPOSITIONS
from assets.listening.downloads.method import Method, name_method
from assets.listening.identity.addresses import AddressRanges, load_ranges
from assets.listening.identity.agent_rules import load_rules
from assets.listening.identity.keys import Key, Keyring
from assets.methods.methodology import MEANINGS, Configuration, write_methodology
from pipelines.commands.numbers.methodology import methodology
from pipelines.commands.watching.audit import audit, describe_change
from sql.warehouse import Warehouse
from tests.assets.listening.test_day import dimensions, load, name
from tests.assets.methods.test_publishing import set_window
from tests.sql.rows import HARBOR, add_tenants

SECRET = b"a secret for tests, 32 bytes long"
RING = Keyring(default=(Key(1, SECRET), Key(2, SECRET[::-1])))
SETTINGS = {
    "name": "Harbor Audio",
    "timezone": "Europe/Berlin",
    "download_window": "calendar_day",
    "suspect_pairs": 500,
    "whole_file_slack": 0,
    "lateness_hours": 48,
    "k_demographic": 50,
    "k_delivery": 10,
    "address_days": None,
    "raw_days": None,
    "dropped_after": None,
    "erased": 0,
}
INCLUSION = {
    "network": ["203.0.113.0/24"],
    "reason": ["student residence <B>"],
    "validated_at": [datetime(2026, 3, 1, 12, tzinfo=UTC)],
}
CAMPAIGN = {
    "sponsor": "Tern Coffee",
    "campaign": "Spring | Summer",
    "goal_kind": "purchase",
    "version": 3,
    "window_days": "30.000",
    "touch_unit": "impression",
    "include_clicks": True,
    "exclude_prior_customers": False,
    "default_model": "time_decay",
    "half_life_days": "7",
}


def in_force() -> Configuration:
    return Configuration(
        HARBOR, SETTINGS, pl.DataFrame(INCLUSION), pl.DataFrame([CAMPAIGN]), load_rules(), load_ranges(), RING
    )


def changed(name: str, value: object) -> Configuration:
    config = in_force()
    return replace(config, settings={**config.settings, name: value})


def test_a_page_names_everything_that_is_in_force() -> None:
    config = in_force()

    page = write_methodology(config).markdown

    for sentence in (
        "How Harbor Audio measures",
        "follows PTMG 2.3",
        "on one UTC calendar day",
        "960,000 bytes",
        f"Version {config.rules.version}",
        f"Version {config.ranges.version}",
        f"| bots | {len(config.rules.bots)} |",
        "more than 500 different pairs",
        "| 203.0.113.0/24 | student residence \\<B\\> | 2026-03-01 | 2026-05-30 |",
        "Version of the key: 2. Every stored hash was made one of this version",
        "final 48 hours after its end",
        "Spring \\| Summer | purchase | 30 days | time decay, half-life 7 days",
    ):
        assert sentence in page


def test_every_disposition_is_explained() -> None:
    assert tuple(MEANINGS) == DISPOSITIONS


@pytest.mark.parametrize(
    ("window", "sentence"),
    [
        ("calendar_day", None),
        ("first_touch", "30 days before the day, is taken to begin one"),
        ("last_touch", "one download of the day on which that began, for more than 30 days too"),
    ],
)
def test_the_page_states_what_becomes_of_listeners_who_never_pause(window: str, sentence: str | None) -> None:
    page = write_methodology(changed("download_window", window)).markdown
    assert sentence in page if sentence else "silence" not in page


def test_the_page_names_the_version_of_the_settings_that_rows_name() -> None:
    assert (
        f"Version {name_method('calendar_day', 500, 0)} of these rules and settings"
        in write_methodology(in_force()).markdown
    )
    others = {
        name_method(window, pairs, slack, method)
        for window, pairs, slack, method in (
            ("calendar_day", 500, None, None),
            ("first_touch", 500, 0, None),
            ("calendar_day", 501, 0, None),
            ("calendar_day", 500, 1, None),
            ("calendar_day", 500, 0, Method(minute_seconds=61)),
            ("calendar_day", 500, 0, Method(assumed_minute=1)),
        )
    }
    assert len(others) == 6
    assert name_method("calendar_day", 500, None) == name_method("calendar_day", 500, 0)


def test_the_page_states_that_an_entry_of_the_inclusion_list_counts_backwards() -> None:
    assert "and on all days before that" in write_methodology(in_force()).markdown


def test_no_secret_is_on_the_page() -> None:
    page = write_methodology(in_force())

    assert SECRET.hex() not in page.markdown + page.html


def test_the_same_configuration_has_the_same_version() -> None:
    assert write_methodology(in_force()) == write_methodology(in_force())


@pytest.mark.parametrize(
    "change",
    [
        lambda: changed("download_window", "first_touch"),
        lambda: changed("suspect_pairs", 0),
        lambda: changed("lateness_hours", 72),
        lambda: changed("address_days", 90),
        lambda: changed("raw_days", 400),
        lambda: changed("erased", 1),
        lambda: replace(in_force(), inclusions=pl.DataFrame(INCLUSION).clear()),
        lambda: replace(in_force(), campaigns=pl.DataFrame([CAMPAIGN | {"window_days": "14.000"}])),
        lambda: replace(in_force(), campaigns=pl.DataFrame([CAMPAIGN]).clear()),
        lambda: replace(in_force(), ranges=AddressRanges.of({"data_centre": ["198.18.0.0/15"]})),
        lambda: replace(in_force(), keyring=Keyring(default=(Key(1, SECRET),))),
        lambda: changed("whole_file_slack", 512),
        lambda: replace(in_force(), method=Method(minute_seconds=61)),
    ],
)
def test_whatever_changes_in_the_configuration_changes_the_version(change: Callable[[], Configuration]) -> None:
    assert write_methodology(change()).version != write_methodology(in_force()).version


def test_the_command_writes_the_page(warehouse: Warehouse, database_url: str, tmp_path: Path) -> None:
    add_tenants(warehouse)
    runner = CliRunner(env={"DATABASE_URL": database_url, "EARSHOT_HOME": str(tmp_path / "home")})
    page = tmp_path / "page.html"

    shown = runner.invoke(methodology, ["--tenant", "harbor-audio"])
    written = runner.invoke(methodology, ["--tenant", "harbor-audio", "--format", "html", "-o", str(page)])

    assert shown.output.startswith("# How Harbor Audio measures"), shown.output
    assert written.exit_code == 0, written.output
    assert page.read_text().startswith("<!doctype html>")


def changes(warehouse: Warehouse) -> pl.DataFrame:
    since = datetime(2000, 1, 1, tzinfo=UTC)
    return warehouse.read("read_config_changes", tenants=[HARBOR], tables=["tenants"], since=since, most=10)


def test_a_change_of_a_setting_leaves_who_when_old_and_new(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    set_window(warehouse, "last_touch")
    set_window(warehouse, "last_touch")

    newest, first = changes(warehouse).iter_rows(named=True)

    assert (first["operation"], newest["operation"]) == ("insert", "update")
    assert (newest["changed_by"], newest["acting_as"]) == ("earshot", "earshot_etl")
    found = describe_change(newest["operation"], newest["old_row"], newest["new_row"])
    assert found == "download_window: calendar_day -> last_touch"


def test_the_trail_of_changes_cannot_be_written_by_hand(database_url: str, warehouse: Warehouse) -> None:
    add_tenants(warehouse)

    for role, error in (("earshot_etl", "InsufficientPrivilege"), ("earshot_owner", "RestrictViolation")):
        with psycopg.connect(database_url) as connection:
            connection.execute(f"SET LOCAL ROLE {role}".encode())
            with pytest.raises(getattr(psycopg.errors, error)):
                connection.execute("DELETE FROM config_changes")


def test_the_audit_command_lists_changes(warehouse: Warehouse, database_url: str) -> None:
    runner = CliRunner(env={"DATABASE_URL": database_url, "COLUMNS": "200"})
    assert "No such change" in runner.invoke(audit, []).output

    add_tenants(warehouse)
    set_window(warehouse, "last_touch")

    shown = runner.invoke(audit, ["--tenant", "harbor-audio", "--table", "tenants"])
    assert "download_window" in shown.output, shown.output
    assert "kreuzberg" not in shown.output
    assert "No such change" in runner.invoke(audit, ["--table", "placements"]).output


def test_what_decides_counts_in_the_catalogue_leaves_a_trail(warehouse: Warehouse) -> None:
    load(warehouse, dimensions("quay"))
    with warehouse.transaction("earshot_owner") as connection:
        connection.execute("UPDATE episodes SET title = 'Another title'")
        connection.execute("UPDATE episodes SET published_at = published_at - interval '1 day'")
        connection.execute("UPDATE media_assets SET file_bytes = file_bytes + 1")
        connection.execute("UPDATE asset_segments SET first_byte = first_byte + 1 WHERE segment_no = 1")
        connection.execute("DELETE FROM asset_segments WHERE segment_no = 1")

    found = warehouse.read(
        "read_config_changes",
        tenants=[name("quay")],
        tables=["episodes", "media_assets", "asset_segments"],
        since=datetime(2000, 1, 1, tzinfo=UTC),
        most=10,
    ).reverse()
    texts = [
        describe_change(each["operation"], each["old_row"], each["new_row"]) for each in found.iter_rows(named=True)
    ]
    assert [text.split(":")[0] for text in texts] == ["published_at", "file_bytes", "first_byte", "deleted"]


def settings_of(warehouse: Warehouse) -> dict[str, tuple[int, str, str]]:
    found = warehouse.read("read_method_campaigns", tenants=[HARBOR])
    return {row["campaign"]: (row["version"], row["window_days"], row["default_model"]) for row in found.to_dicts()}


def test_the_settings_in_force_are_the_newest_that_are_valid_by_now(warehouse: Warehouse) -> None:
    add_tenants(warehouse)
    names = ["changed", "planned", "plain"]
    owner, ids = {"tenant_id": [HARBOR.bytes] * 3}, [UUID(int=number).bytes for number in (1, 2, 3)]
    sponsor = {"sponsor_id": [UUID(int=9).bytes] * 3}
    warehouse.insert("sponsors", pl.DataFrame(owner | sponsor | {"name": ["Tern Coffee"] * 3}).head(1))
    day = datetime(2026, 3, 1, tzinfo=UTC)
    dates = {"starts_on": [day.date()] * 3, "ends_on": [day.date()] * 3, "currency": ["USD"] * 3}
    warehouse.insert("campaigns", pl.DataFrame(owner | sponsor | dates | {"campaign_id": ids, "name": names}))
    versions = {"campaign_id": [ids[0], ids[0], ids[1]], "version": [1, 2, 1], "window_days": [30, 14, 7]}
    moments = {"valid_from": [day, day.replace(month=4), day.replace(year=2199)]}
    warehouse.insert("attribution_configs", pl.DataFrame(owner | versions | moments))

    assert settings_of(warehouse) == {
        "changed": (2, "14", "linear"),
        "planned": (1, "7", "linear"),
        "plain": (0, "30", "linear"),
    }
