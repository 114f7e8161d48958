"""Tenants apart: whatever breaks for one tenant, wherever, everything is done for the other, and the trouble is named.

Everything that the code location defines is tried: an asset, a schedule or a sensor that is not in the lists below
fails the first test.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import polars as pl
import pytest
from click.testing import CliRunner
from dagster import DagsterInstance, RunRequest, build_schedule_context, build_sensor_context

from assets.raw.quality import QUALITIES
from assets.steps import DAILY_ASSETS
from assets.upkeep.checks import CHECKS
from pipelines.backfill.computing import BackfillError, run_job
from pipelines.cli import main
from pipelines.definitions import defs
from pipelines.schedules import monthly_report_mornings, weekly_report_mornings
from pipelines.sensors import late_rows
from reports.delivery import Outbox, TransportSettings, make_transport
from sql.connections.limits import Limits
from sql.embedded import Server
from sql.values import Reader
from sql.warehouse import Connection, Warehouse
from tests.conftest import cloned_database
from tests.pipelines.history import passing_history
from tests.pipelines.running import compute, home_of_its_own, rows
from tests.pipelines.small_network import MONDAY, SUNDAY, add, at, download, named

BAD, GOOD = "harbor", "kreuz"
SATURDAY = SUNDAY - timedelta(days=1)
EVERY_DAY = (*DAILY_ASSETS, "tenant_checks")

# What is tried here, and what counts or makes room without looking at a tenant. Nothing may be missing.
BLIND_ASSETS = {"listener_events", "attribution_events", "series_partitions", "raw_columns", "pruned_history"}
TRIED_ASSETS = {
    *EVERY_DAY,
    "methodologies",
    "rotated_keys",
    "expired_addresses",
    "weekly_sponsor_reports",
    "monthly_sponsor_reports",
    "final_sponsor_reports",
    "report_deliveries",
    # In tests/reports/delivery/events.
    "provider_events",
    # In tests/assets/catalogue/feeds/test_following.py.
    "followed_feeds",
    # In tests/sql/adopting/test_rows.py.
    "adopted_rows",
    # In tests/assets/archive/test_keeping.py.
    "archived_rows",
    # In tests/assets/erasure/test_requesting.py.
    "erased_listeners",
    # In tests/pipelines/commands/importing.
    "imported_logs",
}
TRIED_CHECKS = {
    "check_inclusions_valid",
    # In tests/assets/raw/test_quality.py.
    *(quality.name for quality in QUALITIES),
}
TRIED_CLOCKS = {
    "weekly_report_mornings",
    "monthly_report_mornings",
    "final_report_mornings",
    "late_rows",
    # In tests/pipelines/problems.
    "problems",
    # In tests/pipelines/runs/test_arrivals.py.
    "early_rows",
    "new_objects",
}
# They ask for a day or for a run, and look at no tenant.
BLIND_CLOCKS = {
    "nightly_days",
    "nightly_upkeep_clock",
    "delivery_ticks",
    "provider_event_ticks",
    "feed_ticks",
    "adopted_row_ticks",
}


class SurpriseError(Exception):
    """Nobody has thought of this class."""


# One after the other: no class of exception is special. The last is what a panic in a compiled library raises.
SURPRISES: list[type[BaseException]] = [
    SurpriseError,
    KeyError,
    MemoryError,
    AssertionError,
    pl.exceptions.PanicException,
]


class BrokenWarehouse(Warehouse):
    """A warehouse in which everything that is read of one tenant is broken, each time in another way."""

    broken = named(BAD)
    numbers = count()

    def surprise(self) -> BaseException:
        number = next(self.numbers)
        return SURPRISES[number % len(SURPRISES)](f"surprise {number}")

    def read(self, name: str, /, **params: object) -> pl.DataFrame:
        self._break(name, params)
        return super().read(name, **params)

    def rows(self, name: str, /, **params: object) -> list[dict[str, Any]]:
        self._break(name, params)
        return super().rows(name, **params)

    def _break(self, name: str, params: dict[str, object]) -> None:
        tenants = params.get("tenants")
        # Reading what is open is how the trouble is shown.
        if isinstance(tenants, list) and self.broken in tenants and name != "read_tenant_failures":
            raise self.surprise()

    @contextmanager
    def as_tenant(self, tenant: UUID) -> Iterator[Reader]:
        if tenant == self.broken:
            raise self.surprise()
        with super().as_tenant(tenant) as read:
            yield read

    @contextmanager
    def transaction(
        self, role: str = "earshot_etl", tenant: UUID | None = None, lock_s: int | None = None
    ) -> Iterator[Connection]:
        if tenant == self.broken:
            raise self.surprise()
        with super().transaction(role, tenant, lock_s) as connection:
            yield connection


@pytest.fixture(scope="module", autouse=True)
def home(home_folder: Path) -> Iterator[Path]:
    with home_of_its_own(home_folder) as folder:
        yield folder


@pytest.fixture
def broken(server: Server, computed: str) -> Iterator[BrokenWarehouse]:
    with cloned_database(server, computed) as url, closing(BrokenWarehouse(url)) as warehouse:
        yield warehouse


def open_failures(warehouse: Warehouse, stage: str) -> set[tuple[Any, ...]]:
    """tenant, subject, day."""
    found = warehouse.read("read_tenant_failures", tenants=[named(BAD), named(GOOD)]).filter(stage=stage)
    return set(found.select("tenant", "subject", "day").iter_rows())


def address(warehouse: Warehouse) -> str:
    with warehouse.transaction() as connection:
        info = connection.info
        return f"postgresql://{info.user}:{info.password}@{info.host}:{info.port}/{info.dbname}"


def status(warehouse: Warehouse, tmp_path: Path) -> str:
    env = {"DATABASE_URL": address(warehouse), "EARSHOT_HOME": str(tmp_path)}
    result = CliRunner().invoke(main, ["status"], env=env)
    assert result.exit_code == 0, result.output
    return " ".join(result.output.split())


def failing(warehouse: Warehouse, first: date, last: date, tenants: Sequence[str] = ()) -> str:
    """A backfill that has to fail; returns what it said."""
    with pytest.raises(BackfillError) as failure:
        compute(warehouse, first, last, tenants)
    return str(failure.value)


def run(warehouse: Warehouse, job: str, **options: Any) -> str:
    """Runs a job that has to fail at last; returns what it said."""
    with passing_history() as history, pytest.raises(BackfillError) as failure:
        run_job(warehouse, history, job, **options)
    return str(failure.value)


def without_limits(warehouse: Warehouse, table: str) -> None:
    """Rows as they were before limits on them were introduced, or as another platform's loader writes them."""
    limits = "SELECT conname FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'"
    with warehouse.transaction("earshot_owner") as connection:
        for (name,) in connection.execute(limits, [table]).fetchall():
            connection.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"'.encode())


def test_everything_that_runs_is_tried_here() -> None:
    repository = defs.get_repository_def()
    assert {key.to_user_string() for key in repository.asset_graph.executable_asset_keys} - BLIND_ASSETS == TRIED_ASSETS
    checks = {key.name for key in repository.asset_graph.asset_check_keys}
    assert checks - {check.name for check in CHECKS} == TRIED_CHECKS
    clocks = {each.name for each in repository.schedule_defs} | {each.name for each in repository.sensor_defs}
    assert clocks == TRIED_CLOCKS | BLIND_CLOCKS


def test_a_day_that_breaks_for_one_tenant_in_every_table_is_whole_for_the_other(
    broken: BrokenWarehouse, tmp_path: Path
) -> None:
    runs = "SELECT asset, run_id FROM rollup_ledger WHERE tenant_id = %s AND day = %s"
    before = dict(rows(broken, runs, named(GOOD), SUNDAY))
    message = run(broken, "daily_rollups", partition_key=SUNDAY.isoformat())
    after = dict(rows(broken, runs, named(GOOD), SUNDAY))
    assert {asset for asset in after if after[asset] != before.get(asset)} == set(EVERY_DAY)
    assert rows(broken, runs, named(BAD), SUNDAY) == []
    assert open_failures(broken, "computing") == {(BAD, asset, SUNDAY) for asset in EVERY_DAY}
    assert f"{BAD}, {SUNDAY}" in message
    assert "surprise" in message
    assert GOOD not in message
    shown = status(broken, tmp_path)
    assert f"{BAD}: computing" in shown
    assert f"earshot backfill --tenant {BAD} --from {SUNDAY} --to {SUNDAY}" in shown


def test_once_it_is_mended_nothing_is_open_any_more(server: Server, computed: str, tmp_path: Path) -> None:
    with cloned_database(server, computed) as url:
        with closing(BrokenWarehouse(url)) as warehouse:
            run(warehouse, "daily_rollups", partition_key=SUNDAY.isoformat())
        with closing(Warehouse(url)) as warehouse:
            with passing_history() as history:
                run_job(warehouse, history, "weekly_reports", partition_key=MONDAY.isoformat())
            ((reason,),) = rows(warehouse, "SELECT held_reason FROM reports WHERE state = 'held'")
            assert f"Why on {SUNDAY}: " in reason
            assert "surprise" in reason
            compute(warehouse, SUNDAY, tenants=[BAD])
            assert open_failures(warehouse, "computing") == set()
            assert "Open failures" not in status(warehouse, tmp_path)


@pytest.mark.parametrize(
    ("job", "key", "stage", "subject"),
    [
        ("weekly_reports", MONDAY, "reports", "weekly_sponsor_reports"),
        ("monthly_reports", MONDAY.replace(day=1), "reports", "monthly_sponsor_reports"),
        ("final_reports", SUNDAY, "reports", "final_sponsor_reports"),
        ("nightly_upkeep", None, "privacy", "expired_addresses"),
    ],
)
def test_what_is_done_for_each_tenant_is_done_for_the_others(
    broken: BrokenWarehouse, tmp_path: Path, job: str, key: Any, stage: str, subject: str
) -> None:
    message = run(broken, job, partition_key=key.isoformat() if key else None)
    assert f"{BAD}" in message
    assert f"{GOOD}:" not in message
    assert (BAD, subject, key) in open_failures(broken, stage)
    assert f"{BAD}: {stage} {subject}" in status(broken, tmp_path)
    if job == "weekly_reports":
        assert rows(broken, "SELECT tenant_id, state FROM reports") == [(named(GOOD), "frozen")]
    if job == "nightly_upkeep":
        assert rows(broken, "SELECT DISTINCT tenant_id FROM methodologies") == [(named(GOOD),)]
        assert (BAD, "rotated_keys", None) in open_failures(broken, "privacy")
        assert (BAD, "erased_listeners", None) in open_failures(broken, "privacy")
        assert (BAD, "methodologies", None) in open_failures(broken, "methodology")
        assert (BAD, "check_inclusions_valid", None) in open_failures(broken, "check")


def test_a_mail_that_cannot_be_put_together_waits_and_the_others_leave(server: Server, computed: str) -> None:
    with cloned_database(server, computed) as url:
        with closing(Warehouse(url)) as warehouse, passing_history() as history:
            run_job(warehouse, history, "weekly_reports", partition_key=MONDAY.isoformat())
        with closing(BrokenWarehouse(url)) as warehouse, passing_history() as history:
            planned = Outbox(warehouse).plan(make_transport(TransportSettings()).sender, datetime.now(UTC))
            verdicts = {each.delivery.tenant_id: (each.verdict, "surprise" in each.detail) for each in planned}
            assert verdicts == {named(BAD): ("failed", True), named(GOOD): ("send", False)}
            run_job(warehouse, history, "delivery_worker")
            states = dict(rows(warehouse, "SELECT tenant_id, state FROM report_deliveries"))
            assert states == {named(BAD): "queued", named(GOOD): "accepted"}
            ((tenant, _, _),) = open_failures(warehouse, "delivery")
            assert tenant == BAD


def tick(warehouse: Warehouse, seen: str | None = None) -> RunRequest:
    """The one run that the sensor requests. seen: until when it has looked before, with nothing stale."""
    cursor = json.dumps({"seen": seen, "settled": seen, "counted": seen[:10]}) if seen else None
    repository = defs.get_repository_def()
    with DagsterInstance.ephemeral() as history:
        context = build_sensor_context(
            history, cursor, resources={"warehouse": warehouse}, repository_def=repository, sensor_name="late_rows"
        )
        (request,) = late_rows.evaluate_tick(context).run_requests or []
    return request


def test_late_rows_of_the_others_are_found_and_those_of_the_tenant_once_it_can_be_looked_at(
    broken: BrokenWarehouse,
) -> None:
    add(broken, "listener_events", download(GOOD, MONDAY, "10.0.0.7", received_at=datetime.now(UTC)))
    add(broken, "listener_events", download(BAD, MONDAY, "10.0.0.7", received_at=at(SUNDAY, 22)))
    request = tick(broken)
    assert request.run_config["resources"]["scope"]["config"]["tenants"] == [str(named(GOOD))]
    assert (request.tags["earshot/tenant"], request.tags["earshot/day"]) == (GOOD, f"{MONDAY} to {SUNDAY}")
    assert open_failures(broken, "sensor") == {(BAD, "late_rows", None)}
    with closing(Warehouse(address(broken))) as mended:
        request = tick(mended, datetime.now(UTC).isoformat())
        assert set(request.run_config["resources"]["scope"]["config"]["tenants"]) == {str(named(BAD)), str(named(GOOD))}
        assert open_failures(mended, "sensor") == set()


@pytest.mark.parametrize("clock", [weekly_report_mornings, monthly_report_mornings], ids=lambda clock: clock.name)
@pytest.mark.parametrize("zone", ["europe/berlin", "Mars/Olympus", "../../etc/passwd", "Europe", ""])
def test_a_time_zone_that_nobody_knows_keeps_no_other_tenants_report(
    warehouse: Warehouse, clock: Any, zone: str
) -> None:
    without_limits(warehouse, "tenants")
    tenants = [(named(BAD), BAD, zone), (named(GOOD), GOOD, "Europe/Berlin")]
    with warehouse.transaction("earshot_owner") as connection:
        for tenant in tenants:
            connection.execute(
                "INSERT INTO tenants (tenant_id, slug, name, brand_name, timezone) VALUES (%s, %s, 'x', 'x', %s)",
                tenant,
            )
    morning = datetime(2026, 3, 11, 5, 17, tzinfo=UTC)
    context = build_schedule_context(scheduled_execution_time=morning, resources={"warehouse": warehouse})
    (request,) = clock(context)
    assert request.run_config["resources"]["scope"]["config"]["tenants"] == [GOOD]
    assert (request.tags["earshot/tenant"], request.tags["earshot/day"]) == (GOOD, request.partition_key)
    assert open_failures(warehouse, "schedule") == {(BAD, clock.name, None)}


def test_reports_of_a_tenant_with_an_unknown_time_zone_fail_by_name_and_no_others(week: Warehouse) -> None:
    without_limits(week, "tenants")
    with week.transaction("earshot_owner") as connection:
        connection.execute("UPDATE tenants SET timezone = 'europe/berlin' WHERE slug = %s", [BAD])
    message = run(week, "weekly_reports", partition_key=MONDAY.isoformat())
    assert BAD in message
    assert "europe/berlin" in message
    assert rows(week, "SELECT tenant_id, state FROM reports") == [(named(GOOD), "frozen")]


def test_a_row_that_no_library_can_read_stops_its_tenant_alone(week: Warehouse) -> None:
    """An episode released at infinity, of a tenant that was entered at no time that a calendar has."""
    without_limits(week, "episodes")
    without_limits(week, "tenants")
    with week.transaction("earshot_owner") as connection:
        connection.execute("UPDATE tenants SET created_at = 'infinity' WHERE tenant_id = %s", [named(BAD)])
        connection.execute("UPDATE episodes SET published_at = 'infinity' WHERE tenant_id = %s", [named(BAD)])
    ((before,),) = rows(week, "SELECT clock_timestamp()")
    message = failing(week, SATURDAY, SUNDAY)
    assert f"{BAD}, {SATURDAY}: not computed. " in message
    assert "published_at" in message
    assert GOOD not in message
    again = "SELECT count(*) FROM rollup_ledger WHERE tenant_id = %s AND day = %s AND finished_at > %s"
    assert rows(week, again, named(GOOD), SATURDAY, before) == [(len(EVERY_DAY),)]
    assert rows(week, again, named(GOOD), SUNDAY, before) == [(len(EVERY_DAY),)]


class BrokenDayWarehouse(BrokenWarehouse):
    """Broken for the one tenant on one day alone."""

    def _break(self, name: str, params: dict[str, object]) -> None:
        if params.get("day") == SATURDAY:
            super()._break(name, params)


def test_the_days_after_a_bad_one_are_computed_where_one_tenant_is_the_whole_scope(
    server: Server, computed: str
) -> None:
    with cloned_database(server, computed) as url, closing(BrokenDayWarehouse(url)) as warehouse:
        ((before,),) = rows(warehouse, "SELECT clock_timestamp()")
        failing(warehouse, SATURDAY, SUNDAY, tenants=[BAD])
        done = (
            "SELECT DISTINCT day FROM rollup_ledger WHERE tenant_id = %s AND finished_at > %s AND asset = 'downloads'"
        )
        assert rows(warehouse, done, named(BAD), before) == [(SUNDAY,)]


def test_what_fails_for_all_fails_the_run(week: Warehouse) -> None:
    with week.transaction("earshot_owner") as connection:
        connection.execute("ALTER TABLE media_assets RENAME COLUMN header_bytes TO bytes_of_header")
    message = failing(week, SATURDAY, SUNDAY)
    assert message.startswith("listening_day: Nobody could be computed: Reading read_media failed: ")
    assert BAD in message
    assert GOOD in message
    # The second day would have failed alike.
    assert str(SUNDAY) not in message


def test_a_lock_that_is_not_given_is_no_tenants_trouble(week: Warehouse) -> None:
    """Nothing is forgotten and nothing is noted: the run fails, and may be tried again."""
    ledger = "SELECT count(*) FROM rollup_ledger"
    before = rows(week, ledger)
    with week.transaction("earshot_owner") as connection:
        connection.execute("LOCK TABLE downloads IN ACCESS EXCLUSIVE MODE")
        with closing(Warehouse(address(week), limits=Limits(lock_s=1))) as warehouse:
            assert "it waited for a lock" in failing(warehouse, SUNDAY, SUNDAY)
    assert rows(week, ledger) == before
    assert open_failures(week, "computing") == set()
