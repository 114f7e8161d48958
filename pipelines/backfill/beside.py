"""Beside: backfills of some tenants in a process of their own, while this process computes others.

Here: the process, its progress and its error.
Not here: dividing the tenants (dividing.py), computing a backfill (computing.py), what is computed.
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
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from typing import IO

from pipelines import console, runtime
from pipelines.backfill.computing import BackfillError, BackfillPlan, backfill, prepare
from pipelines.processes.parents import end_with
from pipelines.processes.stopping import stops_in_seconds
from pipelines.settings import load_settings
from sql.values import EarshotError

# A process that is stopped ends within this many seconds, or is killed.
PATIENCE_S = 10.0

Progress = Callable[[str, float], object]


@contextmanager
def beside(plans: Sequence[BackfillPlan], progress: Progress) -> Iterator[None]:
    """Compute the plans, one after the other, in a process that ends before the body's end is left.

    progress: called from another thread, as backfill() calls it. Raises BackfillError with the process's error. An
    exception of the body stops the process; what it committed is kept.
    """
    arguments = [str(os.getpid()), json.dumps([asdict(plan) for plan in plans], default=str)]
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(  # noqa: S603
            [sys.executable, "-m", "pipelines.backfill.beside", *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        reader = threading.Thread(target=_read_progress, args=(process.stdout, progress), daemon=True)
        reader.start()
        try:
            yield
            code = process.wait()
        except BaseException:
            _stop(process)
            raise
        finally:
            reader.join()
        if code:
            errors.seek(0)
            raise BackfillError(errors.read().strip() or f"A process that computed tenants ended with code {code}.")


def _stop(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGINT)
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _read_progress(lines: IO[str] | None, progress: Progress) -> None:
    for line in lines or ():
        item, amount = json.loads(line)
        progress(item, amount)


def main(arguments: list[str]) -> None:
    """Compute the plans that the arguments name, as JSON; a line of JSON on stdout for each progress."""
    parent, listed = arguments
    end_with(int(parent), signal.SIGINT)
    plans = [
        BackfillPlan(
            date.fromisoformat(each["first"]), date.fromisoformat(each["last"]), tuple(each["tenants"]), each["job"]
        )
        for each in json.loads(listed)
    ]
    try:
        settings = load_settings()
        with (
            stops_in_seconds(),
            runtime.open_warehouse(settings) as warehouse,
            runtime.orchestrator_instance() as instance,
        ):
            for plan in plans:
                backfill(plan, warehouse, instance, prepare(plan, warehouse, instance), _print_progress)
    except EarshotError as error:
        console.err.print(str(error))
        raise SystemExit(1) from None


def _print_progress(item: str, amount: float) -> None:
    console.raw(json.dumps([item, amount]))


if __name__ == "__main__":
    main(sys.argv[1:])
