"""Dirty month: one tenant's rows come in broken, twice, late and by wrong clocks; the others' tables stay as they are.

    python -m tests.trials.dirty_month [--days 28] [--visits 40] [--orders 3] [--dirty lanes] [--seed 1]

Three tenants live through a month twice: once clean, once with one of them dirty. Exit status 1 where a row of the
dirty one is not accounted for, a table of the others differs in a bit, a check fails for another reason than a row that
it names, something stays stale, or a traceback comes out.

Here: the trial on a private server, and its figures. Not here: the dirt (dirt.py), the network (tests/promises).
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date, datetime
from random import Random
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from assets.lineage import read_stale
from pipelines.health.freshness import FIRST_DAY, LAST_DAY, compare_counts, find_stale
from sql.embedded import Server
from sql.tables import RAW
from sql.values import Scope
from sql.warehouse import Warehouse
from tests.conftest import admin_address, cloned_database
from tests.promises.living import days_of
from tests.promises.machine import Content, Machine
from tests.promises.network import WINDOWS, Arrival, Plan, build_dimensions, draw_rows, insert, named
from tests.trials.dirt import Dirt, Shares, draw_dirt
from tests.trials.table import Table, trial_server

FIRST = date(2026, 3, 2)

# Failures of these name rows that are left out of every number.
NAMING = {"rows_plausible"}

# Of the dirty tenant: landed rows outside the bounds of an entry, on computed days, on others.
ROWS = {
    "listener_events": "request_in_bounds(occurred_at, received_at, range_start, range_end, bytes_sent, "
    "position_seconds, heard_seconds)",
    "attribution_events": "signal_in_bounds(occurred_at, received_at, value_minor)",
}
# Orders with a signal that makes a conversion, on computed days, which no conversion has.
FORGOTTEN_ORDERS = """
    SELECT count(*) FROM (
        SELECT DISTINCT events.sponsor_id, clean_order_id(events.order_id) AS order_id FROM attribution_events AS events
        INNER JOIN sponsors USING (tenant_id, sponsor_id)
        INNER JOIN (
            SELECT DISTINCT tenant_id, day FROM rollup_ledger WHERE asset = 'conversions'
        ) AS computed
            ON events.tenant_id = computed.tenant_id AND computed.day = (occurred_at AT TIME ZONE 'UTC')::date
        WHERE events.tenant_id = %s AND kind NOT IN ('impression', 'click', 'survey', 'refund')
            AND clean_order_id(order_id) IS NOT NULL AND signal_in_bounds(occurred_at, received_at, value_minor)
    ) AS sent
    WHERE NOT EXISTS (
        SELECT FROM conversions
        WHERE tenant_id = %s AND conversions.sponsor_id = sent.sponsor_id AND conversions.order_id = sent.order_id
    )
"""


def main(given: list[str]) -> int:
    """Run the trial and print its table."""
    parser = argparse.ArgumentParser(prog="tests.trials.dirty_month", description=__doc__.partition("\n")[0])
    for name, default in (("days", 28), ("visits", 40), ("orders", 3), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--dirty", choices=sorted(WINDOWS), default="lanes", help="the tenant whose rows are dirty")
    for name, share in (("broken", 2.0), ("duplicates", 5.0), ("late", 3.0)):
        parser.add_argument(f"--{name}", type=float, default=share, help="percent of the tenant's rows")
    options = parser.parse_args(given)
    # Days long before and after the network's are computed too.
    os.environ.pop("EARSHOT_FIRST_DAY", None)
    with trial_server() as (server, template, _folder), ExitStack() as stack:
        clean, dirty = (stack.enter_context(machine_on(server, template)) for _ in range(2))
        return compare_months(clean, dirty, server, options)


@contextmanager
def machine_on(server: Server, template: str) -> Iterator[Machine]:
    with cloned_database(server, template) as url:
        machine = Machine(Warehouse(url), url.rsplit("/", 1)[1])
        yield machine
        machine.warehouse.close()


def compare_months(clean: Machine, dirty: Machine, server: Server, options: argparse.Namespace) -> int:
    """Both months, and what holds after them; returns the exit status."""
    logged: list[str] = []
    logging.getLogger().addHandler(Listening(logged))
    figures = Table()
    plan = Plan(FIRST, options.days, options.visits, options.orders, options.seed)
    tenant, others = named(options.dirty), [named(slug) for slug in plan.slugs if slug != options.dirty]
    arrivals = draw_rows(plan)
    mine = [arrival for arrival in arrivals if arrival.row["tenant_id"] == tenant]
    rest = [arrival for arrival in arrivals if arrival.row["tenant_id"] != tenant]
    other = next(slug for slug in plan.slugs if slug != options.dirty)
    shares = Shares(options.broken, options.duplicates, options.late)
    dirt = draw_dirt(mine, plan, other, shares, Random(options.seed))

    began = time.monotonic()
    for machine in (clean, dirty):
        build_dimensions(machine.warehouse, plan)
    insert(clean.warehouse, arrivals)
    clean.compute(days_of(plan))
    clean.heal()

    insert(dirty.warehouse, rest)
    landed = Landing(dirty, server)
    landed.add([*dirt.prompt, *dirt.duplicates, *(row for _kind, row in dirt.broken)])
    landed.add(dirt.past, past_bounds=True)
    dirty.compute(days_of(plan))
    before = datetime.now().astimezone()
    landed.add(dirt.late)
    late_received = dirt.late[0].received_at if dirt.late else before
    healed = dirty.heal(late_received) + dirty.heal()
    far = far_days(dirty, tenant, plan)
    dirty.compute(far, Scope((tenant,)))
    healed += heal_days(dirty, tenant)

    figures.say("rows of the three tenants", len(arrivals))
    figures.say("rows sent for the dirty tenant", landed.sent)
    say_dirt(figures, dirt, mine)
    say_landing(figures, landed, tenant)
    say_accounts(figures, dirty, tenant, landed)
    say_others(figures, clean, dirty, others)
    say_checks(figures, dirty, tenant, others)
    figures.say("runs that late rows asked for", healed, holds=healed > 0)
    figures.say("days of other years computed for the dirty tenant", len(far))
    compare_counts(dirty.warehouse)
    stale = find_stale(dirty.warehouse)
    figures.say("tables and days that are still stale", stale.tables if stale else 0, holds=stale is None)
    own = dirty.content(tenant)
    dirty.compute(days_of(plan)[-7:], Scope((tenant,)))
    differing = differing_tables(dirty.content(tenant), own)
    figures.say("tables that computing the dirty one's last week again changes", len(differing), holds=not differing)
    for table in differing:
        print(f"    {table}")
    say_complaints(figures, [*dirty.complaints, *logged], clean.complaints)
    figures.say("seconds", round(time.monotonic() - began))
    return figures.end()


class Listening(logging.Handler):
    """Keeps what is logged, with its traceback, from warnings on."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(self.format(record))


class Landing:
    """Rows into their tables one by one, as an application inserts them; what a table refuses is counted by why."""

    def __init__(self, machine: Machine, server: Server) -> None:
        self._warehouse = machine.warehouse
        self._admin = admin_address(server, machine.database)
        self.sent = self.new = self.repeated = 0
        self.refused: Counter[str] = Counter()
        # Of the rows that landed, how many are each tenant's, by table.
        self.by_tenant: Counter[tuple[str, object]] = Counter()

    def add(self, arrivals: Sequence[Arrival], past_bounds: bool = False) -> None:
        """past_bounds: into tables without the constraints that hold the bounds of an entry."""
        if past_bounds:
            with psycopg.connect(self._admin, autocommit=True) as admin:
                for table in RAW:
                    _drop_bounds(admin, table)
        with self._warehouse.transaction() as connection:
            for arrival in arrivals:
                self.sent += 1
                try:
                    with connection.transaction():
                        self._count(arrival, _insert(connection, arrival))
                except (psycopg.IntegrityError, psycopg.DataError) as error:
                    self.refused[error.diag.constraint_name or type(error).__name__] += 1

    def _count(self, arrival: Arrival, new: int) -> None:
        self.new += new
        self.repeated += 1 - new
        self.by_tenant[arrival.table, arrival.row["tenant_id"]] += new


def _insert(connection: psycopg.Connection[Any], arrival: Arrival) -> int:
    names = list(arrival.row)
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) ON CONFLICT DO NOTHING").format(
        sql.Identifier(arrival.table),
        sql.SQL(", ").join(map(sql.Identifier, names)),
        sql.SQL(", ").join(sql.Placeholder() for _ in names),
    )
    return connection.execute(statement, list(arrival.row.values())).rowcount


def _drop_bounds(admin: psycopg.Connection[Any], table: str) -> None:
    held = "SELECT conname FROM pg_constraint WHERE conrelid = to_regclass(%s) AND conname LIKE '%%_in_bounds'"
    for (name,) in admin.execute(held, [table]).fetchall():
        admin.execute(sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(sql.Identifier(table), sql.Identifier(name)))


def far_days(machine: Machine, tenant: UUID, plan: Plan) -> list[date]:
    """Days before and after the plan's that the tenant has rows of: by clocks that were wrong by years."""
    found: set[date] = set()
    for table in RAW:
        days = "SELECT DISTINCT (occurred_at AT TIME ZONE 'UTC')::date"
        counted = f"{days} FROM {table} WHERE tenant_id = %s AND {ROWS[table]}"
        found |= {day for (day,) in _rows(machine, counted, tenant)}
    return sorted(day for day in found if not plan.first <= day <= plan.last)


def heal_days(machine: Machine, tenant: UUID) -> int:
    """What the sensor does until nothing is stale, without the years between the days; returns in how many runs."""
    compare_counts(machine.warehouse)
    for runs in range(9):
        stale = read_stale(machine.warehouse.read, [tenant], FIRST_DAY, LAST_DAY)
        if stale.is_empty():
            return runs
        machine.compute(sorted(set(stale["day"])), Scope((tenant,), stale_only=True))
    return runs


def _rows(machine: Machine, query: str, *params: object) -> list[tuple[Any, ...]]:
    with machine.warehouse.transaction() as connection:
        return connection.execute(query.encode(), params).fetchall()


def say_dirt(figures: Table, dirt: Dirt, mine: Sequence[Arrival]) -> None:
    for kind, number in sorted(Counter(kind for kind, _row in dirt.broken).items()):
        figures.say(f"  broken: {kind}", number)
    figures.say("  past the bounds of an entry, in tables without them", len(dirt.past))
    figures.say("  sent twice", len(dirt.duplicates))
    figures.say(f"  late, of {len(mine)}", len(dirt.late))


def say_landing(figures: Table, landed: Landing, tenant: UUID) -> None:
    refused = sum(landed.refused.values())
    figures.say("rows that landed", landed.new)
    figures.say("rows that were there already", landed.repeated)
    figures.say("rows that a table refused, by its constraint", refused)
    for name, number in sorted(landed.refused.items()):
        figures.say(f"    {name}", number)
    strangers = sum(number for (_table, owner), number in landed.by_tenant.items() if owner != tenant)
    figures.say("rows that landed under the id of no tenant", strangers)
    lost = landed.sent - landed.new - landed.repeated - refused
    figures.say("rows sent of which nothing is known", lost, holds=lost == 0)


def say_accounts(figures: Table, dirty: Machine, tenant: UUID, landed: Landing) -> None:
    """Where the rows that landed are."""
    left_out = 0
    for table in RAW:
        counted = f"SELECT count(*), count(*) FILTER (WHERE NOT {ROWS[table]}) FROM {table} WHERE tenant_id = %s"
        ((there, outside),) = _rows(dirty, counted, tenant)
        gone = landed.by_tenant[table, tenant] - there
        figures.say(f"{table}: rows that are there", there, holds=gone == 0)
        left_out += outside
        figures.say("    left out of every number, outside the bounds of an entry", outside)
        if table == "listener_events":
            ((split,),) = _rows(
                dirty, "SELECT coalesce(sum(requests), 0) FROM request_dispositions WHERE tenant_id = %s", tenant
            )
            figures.say("    with a disposition", split)
            lost = there - outside - int(split)
            figures.say("    lost", lost, holds=lost == 0)
    counts = (
        "SELECT coalesce(sum(substring(detail FROM '^[0-9]+')::int), 0) FROM check_results "
        "WHERE tenant_id = %s AND check_name = 'rows_plausible' AND NOT passed"
    )
    ((counted_out,),) = _rows(dirty, counts, tenant)
    figures.say("rows that checks count as left out", counted_out, holds=counted_out == left_out)
    ((forgotten,),) = _rows(dirty, FORGOTTEN_ORDERS, tenant, tenant)
    figures.say("orders with a signal that no conversion has", forgotten, holds=forgotten == 0)


def say_others(figures: Table, clean: Machine, dirty: Machine, others: Iterable[Any]) -> None:
    """The tables of the tenants that sent what they always send, beside a clean tenant and beside a dirty one."""
    for other in others:
        expected, found = clean.content(other), dirty.content(other)
        differing = differing_tables(found, expected)
        rows = sum(map(len, expected.values()))
        figures.say(
            f"tables of a clean tenant that differ ({len(expected)}, {rows:,} rows)", len(differing), not differing
        )
        for table in differing:
            print(f"    {table}")


def differing_tables(found: Content, expected: Content) -> list[str]:
    return [table for table, rows in expected.items() if found[table] != rows]


def say_checks(figures: Table, dirty: Machine, tenant: UUID, others: Sequence[object]) -> None:
    failed = _rows(dirty, "SELECT tenant_id, check_name, day, detail FROM check_results WHERE NOT passed")
    ((made,),) = _rows(dirty, "SELECT count(*) FROM check_results")
    figures.say("checks made", made)
    beside = [row for row in failed if row[0] in others]
    figures.say("failed for clean tenants", len(beside), holds=not beside)
    naming = [row for row in failed if row[0] == tenant and row[1] in NAMING and "left out" in row[3]]
    figures.say("failed for the dirty one, naming rows that are left out", len(naming))
    silent_ = [row for row in failed if row not in naming and row not in beside]
    figures.say("failed for the dirty one otherwise", len(silent_), holds=not silent_)
    for _tenant, name, day, detail in silent_[:10]:
        print(f"    {name} of {day}: {detail}")


def say_complaints(figures: Table, complaints: Sequence[str], before: Sequence[str]) -> None:
    new = [words for words in complaints if words not in before]
    figures.say("warnings and failures in words", len(new))
    for words in new[:10]:
        print(f"    {words.splitlines()[0][:160]}")
    traced = [words for words in new if "Traceback" in words]
    figures.say("tracebacks", len(traced), holds=not traced)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
