"""earshot worker: a process that takes steps of runs off the queue, on this machine or on another.

Here: starting it with everything that a step needs. Not here: which steps there are, and what happens to one whose
worker is lost (pipelines/chunks).
"""

from __future__ import annotations

import os
import socket

import click

from pipelines import console, runtime
from pipelines.settings import load_settings
from sql.safety.masking import masked
from sql.values import PermanentError


@click.command()
@click.option(
    "--concurrency",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Steps at once. One uses every processor at times; each needs memory of its own.",
)
@click.option("--name", metavar="NAME", help="What the worker is called in logs; by default the machine's name.")
def worker(concurrency: int, name: str | None) -> None:
    """Compute chunks of days, and shards of very large tenants, as runs of the job chunked_rollups hand them out.

    Stop it with Ctrl-C or SIGTERM.

    It needs the same database, history, key ring and rules as the process that started the run, and no folder that is
    shared with it. Stopped, it ends the step that it is at; killed, the step is handed to another worker.
    """
    settings = load_settings()
    # Steps load the code location, whose job has the executor of this setting.
    os.environ["EARSHOT_EXECUTOR"] = "celery"
    try:
        from dagster_celery.tasks import create_task

        from pipelines.chunks.broker import QUEUE, make_celery
    except ImportError:
        raise PermanentError("`earshot worker` needs what the extra brings: pip install 'earshot[celery]'") from None
    from pipelines.dagster_texts import guard_dagster

    runtime.prepare_service(settings)
    guard_dagster()
    app = make_celery(settings.broker_url)
    create_task(app)  # type: ignore[no-untyped-call]
    console.out.print(f"Taking steps from {masked(settings.broker_url)}, {concurrency} at once. Ctrl-C stops it.")
    app.worker_main(
        [
            "--quiet",
            "worker",
            *("--concurrency", str(concurrency), "--queues", QUEUE, "--loglevel", "WARNING"),
            *("--hostname", f"{name or 'earshot'}-{os.getpid()}@{socket.gethostname()}"),
            *("--without-gossip", "--without-mingle"),
        ]
    )
