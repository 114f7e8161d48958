"""Machines: a day on workers that are killed at random moments, while the broker is restarted and forgets.

    python -m tests.trials.machines [--tenants 50] [--kills 3] [--restarts 2] [--seed 1]

Here: the trial on real processes, and its figures. Exit status 1 where the rollups differ from those of one machine.
Not here: the small form that the suite runs (tests/pipelines/chunks/test_machines.py).
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from contextlib import ExitStack

from benchmarks.fingerprint import compare
from sql.warehouse import Warehouse
from tests.conftest import admin_address, cloned_database
from tests.pipelines.chunks.machines import Machines, fill
from tests.pipelines.running import compute
from tests.pipelines.small_network import MONDAY
from tests.trials.table import trial_server
from tests.waiting import wait_for


def main(given: list[str]) -> int:
    """Run the trial and print its figures."""
    parser = argparse.ArgumentParser(prog="tests.trials.machines", description=__doc__.partition("\n")[0])
    for name, default in (("tenants", 50), ("chunks", 16), ("kills", 3), ("restarts", 2), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    options = parser.parse_args(given)
    with ExitStack() as stack:
        server, template, folder = stack.enter_context(trial_server())
        made = []
        for each in ("many", "one"):
            (folder / each).mkdir()
            database = stack.enter_context(cloned_database(server, template))
            history = stack.enter_context(cloned_database(server, "template0"))
            fill(database, options.tenants)
            admin = admin_address(server, database)
            made.append(Machines(folder / each, database, admin, history))
            stack.callback(made[-1].end)
        many, one = made
        seconds = _disturb(many, options)
        os.environ.update(one.environment("home"))
        warehouse = Warehouse(one.database)
        compute(warehouse, MONDAY, MONDAY)
        warehouse.close()
        found = many.fingerprint()
        differing = compare(found, one.fingerprint())
        again = sum("is handed to another worker" in words for _step, words in many.events("ENGINE_EVENT"))
    for line in differing:
        print(line)
    rows = sum(int(printed.split()[0]) for printed in found.values())
    same = f"{len(found) - len(differing)} of {len(found)} tables ({rows:,} rows) are the same as on one machine"
    print(
        f"{options.tenants} tenants in {options.chunks} chunks on 2 workers: {options.kills} worker(s) killed, the "
        f"broker restarted {options.restarts} time(s) without memory, {again} step(s) handed over again, "
        f"{seconds:.0f} s. {same}."
    )
    return 1 if differing else 0


def _disturb(many: Machines, options: argparse.Namespace) -> float:
    """The run, with its kills and restarts; returns the seconds that it took."""
    draw = random.Random(options.seed)
    many.start_broker()
    for _ in range(2):
        many.start_worker()
    began = time.monotonic()
    run = many.start_run(options.chunks)
    wait_for(many.at_work, "the first chunk")
    trouble = ["kill"] * options.kills + ["restart"] * options.restarts
    draw.shuffle(trouble)
    for kind in trouble:
        time.sleep(draw.uniform(0.2, 4.0))
        if run.poll() is not None:
            print(f"The run was over before the next {kind}: give it more tenants.")
            break
        if kind == "restart":
            many.restart_broker()
        else:
            many.kill(
                draw.choice([worker.pid for worker in many.workers if worker is not run and worker.poll() is None])
            )
            many.start_worker()
    code = run.wait(900)
    if code:
        print((many.folder / "run.log").read_text()[-4000:])
        raise SystemExit(f"the run failed with code {code}")
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
