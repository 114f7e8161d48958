"""An edit makes the days stale that were made of the setting, and no others; what is entered as it was makes none."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

import assets
from assets.edits import SETTLED_AFTER, reopen_edited_days
from assets.lineage import read_stale
from assets.steps import COMPUTED
from sql.embedded import Server
from sql.statements import statement
from sql.tables import TIME_COLUMNS
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.pipelines.small_network import DAYS, FIRST, SUNDAY, build_network, named
from tests.sql.test_statements import NAMES, VALUES, declared

WEDNESDAY, FRIDAY = date(2026, 3, 4), date(2026, 3, 6)
HARBOR = named("harbor")
ALL = set(DAYS)
WEEK = {SUNDAY, FIRST}

LINES = """
    INSERT INTO rollup_ledger (asset, day, tenant_id, run_id, rows, status, began_at, changed_at)
    SELECT asset, day, tenant_id, %(run)s, 1, 'final', now() - interval '1 hour', now() - interval '2 hours'
    FROM unnest(%(assets)s::text[]) AS asset, unnest(%(days)s::date[]) AS day, tenants
    ON CONFLICT (tenant_id, asset, day) DO UPDATE SET began_at = excluded.began_at
"""


@pytest.fixture(scope="module")
def template_of_week(server: Server, template: str) -> Iterator[str]:
    """A week whose ledger says that everything was computed an hour ago."""
    with cloned_database(server, template) as url:
        with closing(Warehouse(url)) as warehouse:
            build_network(warehouse)
            with warehouse.transaction() as connection:
                assets = [asset for step in COMPUTED for asset in step.names]
                connection.execute(LINES, {"run": UUID(int=5), "assets": assets, "days": DAYS})
                connection.execute(
                    "INSERT INTO conversions (tenant_id, converted_at, conversion_id, day, sponsor_id, kind, order_id,"
                    " currency, pixel_signals, server_signals, promo_code_signals, vanity_url_signals, utm_signals,"
                    " survey_signals, address_class, matched_by, is_final, run_id) SELECT tenant_id, occurred_at,"
                    " event_id, occurred_at::date, sponsor_id, kind, order_id, currency, 1, 0, 0, 0, 0, 0, 'household',"
                    " 'household', true, %s FROM attribution_events",
                    [UUID(int=5)],
                )
                for day in (FIRST, WEDNESDAY):
                    connection.execute(
                        "INSERT INTO downloads (tenant_id, downloaded_at, download_id, day, podcast_id, episode_id,"
                        " asset_id, consumer_key, household_key, qualified_at, basis, app, device, os, country_code,"
                        " region_code, referrer, address_class, rules_version, key_version, is_final, run_id)"
                        " SELECT tenant_id, %s, event_id, %s, %s, episode_id, asset_id, 1, 1, occurred_at, 'bytes',"
                        " 'a', 'd', 'o', 'DE', 'r', 'x', 'household', 'v', 1, true, %s FROM listener_events"
                        " WHERE occurred_at::date = %s",
                        (datetime(day.year, day.month, day.day, 8, tzinfo=UTC), day, UUID(int=6), UUID(int=5), day),
                    )
        yield url.rsplit("/", 1)[1]


@pytest.fixture
def week(server: Server, template_of_week: str) -> Iterator[Warehouse]:
    with cloned_database(server, template_of_week) as url, closing(Warehouse(url)) as warehouse:
        yield warehouse


def edit(warehouse: Warehouse, statement: str) -> None:
    with warehouse.transaction() as connection:
        connection.execute(statement.encode(), {"id": HARBOR})


def stale(warehouse: Warehouse) -> dict[str, set[date]]:
    """The days of each step that are stale, of either tenant; Kreuz has none, whatever is done to Harbor."""
    tenants = [HARBOR, named("kreuz")]
    reopen_edited_days(warehouse, tenants)
    found = read_stale(warehouse.read, tenants, FIRST, SUNDAY).filter(reason="older")
    assert set(found["tenant_id"]) <= {HARBOR.bytes}
    steps = {asset: step.name for step in COMPUTED for asset in step.names}
    days: dict[str, set[date]] = {}
    for asset, day in found.select("asset", "day").iter_rows():
        if asset in steps:
            days.setdefault(steps[asset], set()).add(day)
    return days


CODE = (
    "INSERT INTO promo_codes (tenant_id, promo_code_id, sponsor_id, placement_id, code) SELECT tenant_id,"
    f" '{UUID(int=9)}', '{named('harbor', 'sponsor')}', placement_id, 'tides10' FROM placements"
    " WHERE tenant_id = %(id)s"
)
# What statements of the steps read beside the columns whose edits are noted, and why no day depends on an edit of it.
UNNOTED = {
    "attribution_configs": "its rows are added and never changed, and each that is added is noted",
    "attribution_deliveries": "written with the raw row, which arrives",
    "conversion_days": "written by the step itself",
    "erasures": "an erasure marks its days",
    "import_days": "an import notes its days",
    "imports": "an import notes its days",
    "key_rotations": "a rotation changes no number",
    "rollup_ledger": "the ledger itself",
    "ip_inclusions": "reason, which the methodology shows",
    "sponsors": "name, which a message shows",
}
ROOMS = ("listening", "attribution", "campaigns")
READ_COLUMNS = """
    SELECT DISTINCT columns.refobjid::regclass::text, attname::text
    FROM pg_rewrite
    INNER JOIN pg_depend AS columns ON columns.objid = pg_rewrite.oid AND columns.refobjsubid > 0
    INNER JOIN pg_attribute ON attrelid = columns.refobjid AND attnum = columns.refobjsubid
    WHERE ev_class = 'probe'::regclass AND columns.refclassid = 'pg_class'::regclass
"""
# The key of a row: another one is another row, whose coming and going is noted.
NOTED_COLUMNS = """
    SELECT tgrelid::regclass::text, attname::text
    FROM pg_trigger
    INNER JOIN pg_attribute ON attrelid = tgrelid
    WHERE
        tgfoid::regproc::text IN ('note_setting_edit', 'note_holdout_edit')
        AND (
            position(attname || E'\\\\000' IN encode(tgargs, 'escape')) > 0
            OR EXISTS (SELECT FROM pg_index WHERE indrelid = tgrelid AND indisprimary AND attnum = any(indkey))
        )
"""
EDITS = {
    "a price": ("UPDATE placements SET cost_minor = 1 WHERE tenant_id = %(id)s", {"campaign_roi": ALL}),
    "a booking": ("UPDATE placements SET booked_impressions = 1 WHERE tenant_id = %(id)s", {"campaign_roi": ALL}),
    "a price as it was": ("UPDATE placements SET cost_minor = cost_minor WHERE tenant_id = %(id)s", {}),
    "a name": ("UPDATE placements SET name = 'Other' WHERE tenant_id = %(id)s", {}),
    "a goal": (
        "UPDATE campaigns SET goal_kind = 'visit' WHERE tenant_id = %(id)s",
        {"campaign_roi": ALL, "campaign_reach": ALL, "campaign_week": WEEK},
    ),
    "a target": ("UPDATE campaigns SET target_roas = 2 WHERE tenant_id = %(id)s", {}),
    "a campaign's start": (
        "UPDATE campaigns SET starts_on = '2026-03-05' WHERE tenant_id = %(id)s",
        {"campaign_roi": ALL, "campaign_reach": ALL, "campaign_week": WEEK},
    ),
    "a code": (CODE, {"attribution_day": {WEDNESDAY}}),
    "a span of an ad": (
        "UPDATE asset_segments SET last_byte = 50000 WHERE tenant_id = %(id)s",
        {"listening_day": {FIRST, WEDNESDAY}},
    ),
    "what a tenant measures by": (
        "UPDATE tenants SET suspect_pairs = 7 WHERE tenant_id = %(id)s",
        {"listening_day": ALL},
    ),
    "a tenant's colour": ("UPDATE tenants SET brand_color = '#000000' WHERE tenant_id = %(id)s", {}),
    "a file's header": (
        "UPDATE media_assets SET header_bytes = 2000 WHERE tenant_id = %(id)s",
        {"listening_day": ALL, "playback_day": ALL},
    ),
    "a window": (
        "INSERT INTO attribution_configs (tenant_id, campaign_id, version, window_days)"
        " SELECT tenant_id, campaign_id, 1, 7 FROM campaigns WHERE tenant_id = %(id)s",
        {"attribution_day": {WEDNESDAY, FRIDAY}, "campaign_roi": ALL, "campaign_week": WEEK},
    ),
    "an airing": (
        "UPDATE placement_episodes SET aired_at = aired_at + interval '1 hour' WHERE tenant_id = %(id)s",
        {"campaign_roi": ALL},
    ),
    "a household left out": (
        "INSERT INTO campaign_holdouts (tenant_id, campaign_id, household_key)"
        " SELECT tenant_id, campaign_id, key FROM campaigns, generate_series(1, 3) AS key WHERE tenant_id = %(id)s",
        {"campaign_week": WEEK},
    ),
    "an inclusion": (
        "INSERT INTO ip_inclusions VALUES (%(id)s, '10.0.0.1/32', 'A dormitory', now())",
        {"listening_day": ALL},
    ),
    "an inclusion of nobody": (
        "INSERT INTO ip_inclusions VALUES (%(id)s, '192.0.2.0/24', 'A dormitory', now())",
        {},
    ),
}


@pytest.mark.parametrize("what", EDITS)
def test_an_edit_makes_exactly_the_days_stale_that_depend_on_it(what: str, week: Warehouse) -> None:
    with week.transaction() as connection:
        # One order has used a code, on the day after its first signal.
        connection.execute(
            "INSERT INTO attribution_events (tenant_id, event_id, occurred_at, sponsor_id, kind, signal, order_id,"
            " promo_code) SELECT tenant_id, %s, occurred_at + interval '1 day', sponsor_id, kind, 'promo_code',"
            " order_id, ' TIDES10' FROM attribution_events WHERE tenant_id = %s AND occurred_at::date = %s",
            (UUID(int=7), HARBOR, WEDNESDAY),
        )
    assert stale(week) == {}
    change, expected = EDITS[what]
    edit(week, change)
    assert stale(week) == {step: set(days) for step, days in expected.items()}


def test_every_setting_that_a_step_reads_is_one_whose_edits_are_noted(week: Warehouse) -> None:
    files = [file for room in ROOMS for file in (Path(assets.__file__).parent / room).rglob("*.py")]
    named = {name for file in files for name in re.findall(r'"(read_[a-z_]+)"', file.read_text("utf-8"))}
    statements = sorted(named & set(NAMES))
    assert len(statements) > 40
    read = set()
    with week.transaction("earshot_owner") as connection:
        cursor = psycopg.ClientCursor(connection)
        for name in statements:
            values = {parameter: VALUES[kind] for parameter, kind in declared(name).items()}
            connection.execute(f"CREATE TEMP VIEW probe AS {cursor.mogrify(statement(name).text, values)}".encode())
            read |= set(connection.execute(READ_COLUMNS).fetchall())
            connection.execute("DROP VIEW probe")
        noted = set(connection.execute(NOTED_COLUMNS).fetchall())
    left = {table for table, column in read - noted if table not in TIME_COLUMNS}
    assert left == set(UNNOTED)


def test_a_rate_of_two_other_currencies_makes_nothing_stale(week: Warehouse) -> None:
    edit(week, f"INSERT INTO fx_rates VALUES ('{WEDNESDAY}', 'GBP', 'SEK', 12, 'bank')")
    assert stale(week) == {}


def test_days_that_are_computed_again_are_fresh_and_late_lines_of_earlier_runs_are_not(week: Warehouse) -> None:
    edit(week, EDITS["a price"][0])
    assert stale(week) == {"campaign_roi": ALL}
    later = "UPDATE rollup_ledger SET began_at = clock_timestamp(), run_id = '{}' WHERE asset LIKE '%%o%%' AND day {}"
    edit(week, later.format(UUID(int=99), f"NOT IN ('{FIRST}', '{SUNDAY}')"))
    edit(week, later.format(UUID(int=5), f"= '{SUNDAY}'"))
    assert stale(week) == {"campaign_roi": {FIRST}}
    # The run that wrote Sunday had read its settings before; it is found once every such run is over.
    reopen_edited_days(week, [HARBOR], now=datetime.now(UTC) + SETTLED_AFTER + timedelta(minutes=1))
    assert stale(week) == {"campaign_roi": {FIRST, SUNDAY}}
    assert week.rows("count_setting_edits", tenants=[HARBOR]) == [{"edits": 0}]


def test_an_edit_waits_for_a_day_whose_shards_were_measured_before_it(week: Warehouse) -> None:
    edit(
        week,
        "INSERT INTO day_shards (tenant_id, day, run_id, shard, shards, name, slice, measured_by, content) "
        f"VALUES ('{HARBOR}', '{SUNDAY}', '{UUID(int=5)}', 0, 2, 'downloads', 0, '', '')",
    )
    line = "UPDATE rollup_ledger SET day = day + {} WHERE day {} '{}'"
    edit(week, line.format(1000, "=", SUNDAY))
    edit(week, EDITS["a price"][0])
    settled = datetime.now(UTC) + SETTLED_AFTER + timedelta(minutes=1)
    for _ in range(2):
        reopen_edited_days(week, [HARBOR], now=settled)
        assert week.rows("count_setting_edits", tenants=[HARBOR]) == [{"edits": 1}]
    # The day is written at last, by what was read before.
    edit(week, line.format(-1000, ">", SUNDAY))
    assert stale(week) == {"campaign_roi": ALL - {SUNDAY}}
    edit(week, "DELETE FROM day_shards")
    reopen_edited_days(week, [HARBOR], now=settled)
    assert stale(week) == {"campaign_roi": ALL}
    assert week.rows("count_setting_edits", tenants=[HARBOR]) == [{"edits": 0}]
