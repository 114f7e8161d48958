"""Limits: how long the database may take for each kind of work, and the statement that sets them in every transaction.

Here: the limits, the TCP options of a connection, and the statement with which each transaction begins.
Not here: opening connections (connecting.py), waiting for answers (watching.py), the environment.

Everything is set inside the transaction (SET LOCAL) and nothing at the start of the session: a pooler in transaction
mode gives each transaction another session, and refuses the startup parameter `options`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.sql import Literal as Value

Work = Literal["reading", "writing", "migrating", "status"]

# A server that does not answer in this time is down; by default libpq waits without limit.
CONNECT_TIMEOUT_S = 10

# How often the server checks during a statement whether the client is still connected; it ends the statement if not.
_CHECK_CLIENT_S = 10

# What PostgreSQL keeps of an application's name (NAMEDATALEN).
_NAME_BYTES = 63


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds. Each is an environment variable of docs/operators.md.

    silence_s: a peer that acknowledges nothing for so long is dead. lock_s: waiting for another session's lock.
    idle_s: a transaction without a statement. The others: one statement of that kind of work.
    """

    silence_s: int = 60
    lock_s: int = 300
    idle_s: int = 600
    reading_s: int = 1_800
    writing_s: int = 3_600
    migrating_s: int = 21_600
    status_s: int = 60

    def statement_s(self, work: Work) -> int:
        """How long one statement of this work may take, by the server's clock."""
        return {
            "reading": self.reading_s,
            "writing": self.writing_s,
            "migrating": self.migrating_s,
            "status": self.status_s,
        }[work]

    def answer_s(self, work: Work) -> int:
        """After how long the client gives up: before that the server ends the statement and reports it."""
        return self.statement_s(work) + self.silence_s


def bounded(url: str, limits: Limits) -> str:
    """The same place as key=value pairs, with limits on connecting and on a peer's silence that the URL lacks."""
    present = conninfo_to_dict(url)
    return make_conninfo(url, **{name: value for name, value in tcp_options(limits).items() if name not in present})


def bounded_history(url: str, limits: Limits) -> str:
    """The same for Dagster's history, as a URL: options that its query lacks are added."""
    place, _, query = url.partition("?")
    present = dict(part.partition("=")[::2] for part in query.split("&") if part)
    added = {name: value for name, value in tcp_options(limits).items() if name not in present}
    return f"{place}?{'&'.join(f'{name}={value}' for name, value in {**present, **added}.items())}"


def libpq_url(url: str) -> str:
    """The URL of Dagster's history (DAGSTER_POSTGRES_URL) without the driver, which libpq does not know."""
    return url.replace("+psycopg2", "", 1)


def tcp_options(limits: Limits) -> dict[str, str]:
    """libpq's options by name. Probes begin after half of the silence, so that a dead peer is known at its end."""
    pause = max(limits.silence_s // 6, 1)
    return {
        # libpq takes one second for two.
        "connect_timeout": str(max(2, min(CONNECT_TIMEOUT_S, limits.silence_s))),
        "keepalives": "1",
        "keepalives_idle": str(max(limits.silence_s // 2, 1)),
        "keepalives_interval": str(pause),
        "keepalives_count": "3",
        "tcp_user_timeout": str(limits.silence_s * 1_000),
    }


def beginning(
    limits: Limits,
    work: Work,
    name: str,
    role: str | None = None,
    tenant: UUID | None = None,
    search_path: str | None = None,
) -> str:
    """The first statement of every transaction; its one row ends with the number of the server's process."""
    tcp = tcp_options(limits)
    settings = {
        "role": role,
        "search_path": search_path,
        "TimeZone": "UTC",
        "application_name": name.encode()[:_NAME_BYTES].decode(errors="ignore"),
        "statement_timeout": f"{limits.statement_s(work)}s",
        "lock_timeout": f"{limits.lock_s}s",
        "idle_in_transaction_session_timeout": f"{limits.idle_s}s",
        "client_connection_check_interval": f"{min(_CHECK_CLIENT_S, limits.silence_s)}s",
        "tcp_keepalives_idle": tcp["keepalives_idle"],
        "tcp_keepalives_interval": tcp["keepalives_interval"],
        "tcp_keepalives_count": tcp["keepalives_count"],
        "tcp_user_timeout": tcp["tcp_user_timeout"],
        "app.current_tenant": str(tenant) if tenant else None,
    }
    calls = [f"set_config('{key}', {_quoted(value)}, true)" for key, value in settings.items() if value is not None]
    if work == "writing":
        # Of rows that TimescaleDB keeps in columns it unpacks 100,000 for a statement; a day of a tenant can be more.
        unpacked = "timescaledb.max_tuples_decompressed_per_dml_transaction"
        calls.append(
            f"CASE WHEN current_setting('{unpacked}', true) <> '0' THEN set_config('{unpacked}', '0', true) END"
        )
    return f"SELECT {', '.join(calls)}, pg_backend_pid()"


def _quoted(value: str) -> str:
    return Value(value).as_string(None)
