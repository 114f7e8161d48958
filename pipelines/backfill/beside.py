"""Beside: a process that computes backfills while this process computes others.

Here: the process, the plans that it is given, its progress and its error.
Not here: computing a backfill (computing.py), which can be computed at the same time (stages.py).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import date
from queue import SimpleQueue
from typing import IO, Any, cast

from dagster import DagsterInstance

from pipelines import console, runtime
from pipelines.backfill.computing import BackfillError, BackfillPlan, backfill, prepare
from pipelines.processes.parents import end_with
from pipelines.processes.stopping import stops_in_seconds
from pipelines.settings import load_settings
from sql.values import EarshotError
from sql.warehouse import Warehouse

# A process that is stopped ends within this many seconds, or is killed.
PATIENCE_S = 10.0

Progress = Callable[[str, float], object]


@dataclass(frozen=True, slots=True)
class BackfillProcess:
    """A process that computes plans, one after the other, as often as it is given some."""

    process: subprocess.Popen[str]
    plans: IO[str]
    errors: IO[str]
    # A value for each list of plans that is done, and one at the end of the process.
    done: SimpleQueue[bool]

    def begin(self, plans: Sequence[BackfillPlan]) -> None:
        """Have the plans computed; returns at once."""
        # Of a process that has ended, wait() says why.
        with suppress(BrokenPipeError):
            self.plans.write(json.dumps([asdict(plan) for plan in plans], default=str) + "\n")
            self.plans.flush()

    def wait(self) -> None:
        """Return when the plans are done. Raises BackfillError with the process's error."""
        if not self.done.get():
            # For whoever waits again.
            self.done.put(False)
            self.errors.seek(0)
            code = self.process.wait()
            raise BackfillError(self.errors.read().strip() or f"A process that computed days ended with code {code}.")


@contextmanager
def beside(progress: Progress) -> Iterator[BackfillProcess]:
    """A process for backfills, which ends with the body.

    progress: called from another thread, as compute() calls it. An exception of the body stops the process; what it
    committed is kept.
    """
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "pipelines.backfill.beside", str(os.getpid())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        plans = cast(IO[str], process.stdin)
        done: SimpleQueue[bool] = SimpleQueue()
        reader = threading.Thread(target=_read_progress, args=(process.stdout, progress, done), daemon=True)
        reader.start()
        try:
            yield BackfillProcess(process, plans, errors, done)
            with suppress(BrokenPipeError):
                plans.close()
            process.wait()
        except BaseException:
            with suppress(BrokenPipeError):
                plans.close()
            _stop(process)
            raise
        finally:
            reader.join()


def _stop(process: subprocess.Popen[str]) -> None:
    # Not SIGINT: while Python imports, a KeyboardInterrupt can be raised where exceptions are ignored.
    process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _read_progress(lines: IO[str] | None, progress: Progress, done: SimpleQueue[bool]) -> None:
    for line in lines or ():
        if (said := json.loads(line)) is None:
            done.put(True)
        else:
            progress(*said)
    done.put(False)


def main(arguments: list[str]) -> None:
    """Compute the plans of each line of stdin, as JSON; a line of JSON on stdout for each progress, null at the end."""
    (parent,) = arguments
    end_with(int(parent), signal.SIGTERM)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        settings = load_settings()
        with (
            stops_in_seconds(),
            runtime.open_warehouse(settings) as warehouse,
            runtime.orchestrator_instance() as instance,
        ):
            for line in sys.stdin:
                compute([_plan(fields) for fields in json.loads(line)], warehouse, instance, _print_progress)
                console.raw(json.dumps(None))
    except EarshotError as error:
        console.err.print(str(error))
        raise SystemExit(1) from None


def compute(plans: Sequence[BackfillPlan], warehouse: Warehouse, instance: DagsterInstance, progress: Progress) -> None:
    """What is left of the plans. progress: called with what was written, and how many tables of tenant-days it is."""
    for plan in plans:

        def tables(item: str, tenant_days: float, plan: BackfillPlan = plan) -> None:
            progress(item, tenant_days * len(plan.assets))

        backfill(plan, warehouse, instance, prepare(plan, warehouse, instance), tables)


def _plan(fields: dict[str, Any]) -> BackfillPlan:
    first, last = (date.fromisoformat(fields.pop(name)) for name in ("first", "last"))
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return BackfillPlan(first, last, **{**fields, **lists})


def _print_progress(item: str, amount: float) -> None:
    console.raw(json.dumps([item, amount]))


if __name__ == "__main__":
    main(sys.argv[1:])
