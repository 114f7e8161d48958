"""Broker: the settings of Celery, the same for who hands steps over and who takes them.

Here: where the broker is, and what is done when it is away. Not here: which steps there are (job.py), what is done
about steps that are lost (submitted.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from celery import Celery

QUEUE = "dagster"

# A step is taken off the queue when a worker begins it, and only then: whether it is lost afterwards is seen by its
# signs in the history, which needs no guess at how long a step may take, as Redis' visibility timeout would.
SETTINGS: dict[str, Any] = {
    "task_acks_late": False,
    "worker_prefetch_multiplier": 1,
    "worker_disable_prefetch": True,
    "task_default_queue": QUEUE,
    "task_default_priority": 5,
    # Who hands a step over tries again by itself (submitted.py).
    "task_publish_retry": False,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "broker_transport_options": {"socket_timeout": 20.0, "socket_connect_timeout": 10.0, "socket_keepalive": True},
    "redis_socket_timeout": 20.0,
    "redis_socket_connect_timeout": 10.0,
    "redis_backend_health_check_interval": 30,
    "result_backend_transport_options": {"retry_policy": {"max_retries": 30, "interval_max": 5.0}},
    # Memory goes back to the system now and then.
    "worker_max_tasks_per_child": 50,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
}


def app_args(broker_url: str) -> dict[str, Any]:
    """What an application of dagster-celery is made of. Raises ImportError without the extra `celery`."""
    from dagster_celery.config import dict_wrapper

    return {"broker": broker_url, "backend": broker_url, "config_source": dict_wrapper(dict(SETTINGS))}  # type: ignore[no-untyped-call]


def make_celery(broker_url: str) -> Celery:
    """Celery as both sides use it."""
    from dagster_celery.make_app import make_app

    return make_app(app_args(broker_url))  # type: ignore[no-untyped-call]


def count_waiting(app: Celery) -> int:
    """Steps in the queue that no worker has begun."""
    with app.connection_for_read() as connection:
        # As a step waits, whatever its priority.
        return int(connection.default_channel._size(QUEUE))
