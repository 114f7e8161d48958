"""Late month: a month whose rows come in late and twice, beside the same month with all of its rows there at once.

    python -m tests.trials.late_month [--days 31] [--visits 12] [--orders 2] [--seed 1]

Here: the trial, and its figures. Exit status 1 where a table differs. A month is as long as windows that roll over
midnight look back.
Not here: how rows come in and days are computed (tests/promises), the week that the suite lives through
(tests/promises/test_week_of_everything.py).
"""

from __future__ import annotations

import argparse
import sys
from contextlib import ExitStack, closing
from datetime import date
from random import Random

from sql.embedded import Server
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.promises.living import days_of, live_through
from tests.promises.machine import Machine
from tests.promises.network import Plan, build_dimensions, draw_rows, insert
from tests.trials.table import Table, trial_server

FIRST = date(2026, 3, 1)


def main(given: list[str]) -> int:
    """Run the trial and print its figures."""
    parser = argparse.ArgumentParser(prog="tests.trials.late_month", description=__doc__.partition("\n")[0])
    for name, default in (("days", 31), ("visits", 12), ("orders", 2), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args(given)
    plan = Plan(FIRST, days=options.days, visits=options.visits, orders=options.orders, seed=options.seed)
    dice, table = Random(options.seed), Table()
    nights = sorted(dice.sample(range(1, options.days + 1), min(4, options.days)))
    with trial_server() as (server, template, _folder), ExitStack() as opened:
        at_once, lived = (_machine(opened, server, template, plan) for _ in range(2))
        arrivals = draw_rows(plan)
        insert(at_once.warehouse, arrivals)
        at_once.compute(days_of(plan))
        late = live_through(lived, plan, arrivals, nights, dice)
        expected, found = at_once.content(), lived.content()
    differing = sorted(name for name, rows in expected.items() if found[name] != rows)
    rows = sum(map(len, expected.values()))
    table.head(f"{options.days} days of {len(plan.slugs)} tenants, looked at in the nights {nights}")
    table.say("raw rows", f"{len(arrivals):,}")
    table.say("of them written after their day was computed", late, holds=late > 0)
    table.say("days of tenants' tables that were computed again", f"{len(lived.healed):,}")
    table.say("tables that differ from those computed at once", f"{len(differing)} of {len(expected)}", not differing)
    table.say("rows of these tables", f"{rows:,}")
    errors = [*at_once.complaints, *lived.complaints]
    table.say("errors logged", len(errors), not errors)
    for line in (*differing, *errors):
        print(line)
    return table.end()


def _machine(opened: ExitStack, server: Server, template: str, plan: Plan) -> Machine:
    """A machine on an empty database, with the plan's tenants and what they have."""
    url = opened.enter_context(cloned_database(server, template))
    warehouse = opened.enter_context(closing(Warehouse(url)))
    build_dimensions(warehouse, plan)
    return Machine(warehouse, url.rsplit("/", 1)[1])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
