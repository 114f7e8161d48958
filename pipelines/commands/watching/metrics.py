"""earshot metrics: what Prometheus reads.

Here: the command and its server.
Not here: the metrics (pipelines/metrics).
"""

from __future__ import annotations

import signal
import threading

import click

from pipelines import console
from pipelines.settings import load_settings
from sql.values import PermanentError

PORT = 9464


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=PORT, show_default=True, help="0: a free one.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; there is no login.")
@click.option("--once", is_flag=True, help="Print the metrics once, and serve nothing.")
def metrics(port: int, host: str, once: bool) -> None:
    """Serve metrics for Prometheus at http://HOST:PORT/metrics, collected at each scrape, until Ctrl-C or SIGTERM.

    What cannot be collected is left out, and a metric says so (earshot_collector_success).
    """
    from prometheus_client import generate_latest, start_http_server

    from pipelines.metrics.collecting import make_registry

    registry = make_registry(load_settings(), console.err.print)
    if once:
        console.page(generate_latest(registry).decode())
        return
    try:
        server, thread = start_http_server(port, host, registry)
    except OSError as error:
        raise PermanentError(f"{host}:{port} cannot be listened at ({error.strerror}): choose another --port") from None
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    console.err.print(f"Metrics at http://{host}:{server.server_port}/metrics")
    ended.wait()
    server.shutdown()
    server.server_close()
    thread.join()
