"""The cases of the listening benchmark, each run in a process of its own: loading the day, Earshot, the limit, SQL.

Here: what is timed and what is not, and the peak memory of each process.
Not here: the server, medians and ratios (listening.py), the day itself (listening_data.py).
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import polars as pl
import psycopg
from psycopg import sql

from assets.listening import compute_listening_day
from assets.listening.identity.addresses import LISTS, PACKAGED_NETWORKS, AddressRanges
from assets.listening.identity.agent_rules import load_rules, match_agents
from assets.listening.identity.keys import Key, Keyring
from assets.steps import LISTENING
from benchmarks.listening_data import DAY, SEED, SHOWS, TENANTS, invent_network, invent_requests
from sql.copying.text import csv_parts
from sql.schema.migrate import migrate
from sql.values import Window
from sql.warehouse import LedgerLine, Warehouse, Write
from sql.writing import shape_of

TABLES = [name for names in LISTENING.tables_of.values() for name in names]
ROLLUPS = Path(__file__).with_name("listening_rollups.sql")
WINDOW = Window.of_day(DAY)
RUN = UUID(int=1)
TICKS = os.sysconf("SC_CLK_TCK")
KEYRING = Keyring(default=(Key(1, bytes(range(32))),))

# What compute_listening_day reads of a raw row, as it lies in the table.
COLUMNS = (
    "tenant_id, event_id, occurred_at, source, event_type, episode_id, asset_id, session_id, listener_id, client_ip, "
    "household_key, key_version, user_agent, referrer, country_code, region_code, http_method, http_status, "
    "range_start, range_end, bytes_sent, position_seconds, heard_seconds"
)

Result = dict[str, Any]


def load(url: str, admin_url: str, rows: str, tenants: str = f"{TENANTS}", shows: str = f"{SHOWS}") -> Result:
    """The schema and the invented day; the tables that SQL reads: what the rules match of agents, and the networks."""
    migrate(url, lambda _: None)
    generator = np.random.default_rng(SEED)
    network = invent_network(generator, int(tenants), int(shows))
    requests = invent_requests(generator, network, int(rows))
    rules, ranges = load_rules(), _networks()
    agents = match_agents(requests["user_agent"], rules).drop_nulls("user_agent").drop("agent_kind")
    with psycopg.connect(admin_url) as connection:
        for table, frame in {**network.tables, "listener_events": requests}.items():
            types = {each.name: each.type for each in shape_of(connection, table).columns}
            _copy(connection, f"public.{table}", frame, types)
        connection.execute("CREATE SCHEMA rollups")
        connection.execute(
            "CREATE TABLE rollups.agents (user_agent text, is_bot boolean, app text, device text, os text)"
        )
        connection.execute("CREATE TABLE rollups.networks (place integer, list text, network cidr)")
        _copy(connection, "rollups.agents", agents, dict.fromkeys(agents.columns, "text"))
        _copy(connection, "rollups.networks", ranges, dict.fromkeys(ranges.columns, "text"))
        connection.execute("CREATE INDEX ON rollups.networks USING gist (network inet_ops)")
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    who = ["tenant_id", "client_ip", "user_agent"]
    return {"identities": requests.select(who).unique().height, "addresses": requests["client_ip"].n_unique()}


def earshot(url: str, _: str) -> Result:
    """One UTC day of all tenants as a run of the pipeline computes it: read, computed, written in one transaction."""
    warehouse = Warehouse(url)
    rules, ranges = load_rules(), AddressRanges.load()
    cpu, began = cpu_seconds(url), time.perf_counter()
    extract = 0.0

    def read(name: str, /, **params: object) -> pl.DataFrame:
        nonlocal extract
        sent_at = time.perf_counter()
        frame = warehouse.read(name, **params)
        extract += time.perf_counter() - sent_at
        return frame

    (tenants,) = warehouse.tenant_chunks()
    tables = compute_listening_day(read, WINDOW, tenants, rules, ranges, KEYRING)
    computed = time.perf_counter()
    stamp = {"run_id": pl.lit(RUN.bytes), "is_final": pl.lit(False)}
    writes = [Write(name, frame.with_columns(**stamp)) for name, frame in tables.items()]
    now = datetime.now(UTC)
    lines = [LedgerLine("downloads", DAY, tenant, RUN, 0, now, "provisional") for tenant in tenants]
    written = sum(warehouse.replace(writes, WINDOW, tenants, lines).values())
    ended = time.perf_counter()
    return {
        "seconds": ended - began,
        "extract_s": extract,
        "compute_s": computed - began - extract,
        "write_s": ended - computed,
        "cpu_s": cpu_seconds(url) - cpu,
        "peak_mb": peak_mb(),
        "rows_written": written,
        "rows_written_per_s": written / (ended - computed),
    }


def limit(url: str, admin_url: str) -> Result:
    """The raw rows out, thrown away, and the rollup rows in, already encoded: what no way of computing can undercut.

    The rows that Earshot left are taken out of their tables first, which is not timed, and put back in one transaction:
    COPY into a temporary table, one ordered INSERT with keys and indexes, with the same memory for sorting.
    """
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL ROLE earshot_etl")
        tenants = [tenant for (tenant,) in connection.execute("SELECT tenant_id FROM tenants")]
        chosen = sql.SQL(
            "COPY (SELECT {} FROM listener_events WHERE tenant_id = ANY({}) AND occurred_at >= {} AND occurred_at < {})"
            " TO STDOUT (FORMAT binary)"
        ).format(sql.SQL(COLUMNS), tenants, WINDOW.start, WINDOW.end)
        cpu, began = cpu_seconds(url), time.perf_counter()
        with connection.cursor() as cursor, cursor.copy(chosen) as copy:
            bytes_out = sum(len(part) for part in copy)
        out, cpu_out = time.perf_counter() - began, cpu_seconds(url) - cpu
    with psycopg.connect(admin_url) as connection:
        content = [(table, _take_out(connection, table), shape_of(connection, table).key) for table in TABLES]
        connection.commit()
        connection.autocommit = True
        connection.execute("CHECKPOINT")
    with psycopg.connect(url) as connection:
        connection.execute("SET LOCAL ROLE earshot_etl")
        connection.execute("SET LOCAL work_mem = '256MB'")
        cpu, began = cpu_seconds(url), time.perf_counter()
        rows = sum(_put_back(connection, *each) for each in content)
        connection.commit()
        into, cpu_into = time.perf_counter() - began, cpu_seconds(url) - cpu
    result = {"seconds": out + into, "out_s": out, "in_s": into, "cpu_s": cpu_out + cpu_into}
    return {**result, "bytes_out": bytes_out, "rows_in": rows}


def tuned_sql(_: str, admin_url: str) -> Result:
    """The same rollups inside the database; listening_rollups.sql says what they cover. No row-level security."""
    cpu, began = cpu_seconds(admin_url), time.perf_counter()
    result: Result = {}
    with psycopg.connect(admin_url) as connection:
        for statement in ROLLUPS.read_text(encoding="utf-8").split(";\n"):
            sent_at = time.perf_counter()
            connection.execute(statement.replace("{day}", str(DAY)).encode())
            names = [line for line in statement.splitlines() if line.startswith("-- step:")]
            if names:
                result[names[0].removeprefix("-- step: ") + "_s"] = time.perf_counter() - sent_at
        connection.commit()
        result |= {"seconds": time.perf_counter() - began, "cpu_s": cpu_seconds(admin_url) - cpu}
        for table in TABLES:
            ((result[table],),) = connection.execute(f"SELECT count(*) FROM {table}".encode())
        connection.execute("DROP SCHEMA work CASCADE")
    return result


def cpu_seconds(url: str) -> float:
    """Processor seconds of this program and of the server until now: what a busy machine cannot stretch.

    The server's are those of its main process, of the children that it has outlived, and of those that live.
    """
    seconds = time.process_time()
    with psycopg.connect(url) as connection:
        backend = Path(f"/proc/{connection.info.backend_pid}/stat")
        if not backend.exists():
            return seconds
        main = _stat(backend)[1]
        of_server = [stat for stat in map(_stat, Path("/proc").glob("[0-9]*/stat")) if stat and stat[1] == main]
        seconds += sum(each for stat in of_server for each in stat[11:13]) / TICKS
        return seconds + sum(_stat(Path(f"/proc/{main}/stat"))[11:15]) / TICKS


def _stat(path: Path) -> list[int]:
    """The numbers behind a process's name: at 1 its parent, at 11 to 14 its ticks and those of its dead children."""
    try:
        return [0, *map(int, path.read_text().rpartition(")")[2].split()[1:20])]
    except (OSError, ValueError):
        return []


def peak_mb() -> float:
    """The most memory that this program has had resident. Not ru_maxrss, which the parent process adds its own to."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _networks() -> pl.DataFrame:
    """The packaged networks in the order in which their lists are looked up."""
    rows = []
    for place, name in enumerate(LISTS):
        content = json.loads((PACKAGED_NETWORKS / f"{name}.json").read_text(encoding="utf-8"))
        rows += [(place, name, each["network"]) for each in content["entries"]]
    return pl.DataFrame(rows, schema=["place", "list", "network"], orient="row")


def _copy(connection: psycopg.Connection[Any], table: str, frame: pl.DataFrame, types: dict[str, str]) -> None:
    names = sql.SQL(", ").join(map(sql.Identifier, frame.columns))
    into = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(sql.Identifier(*table.split(".")), names)
    with connection.cursor() as cursor, cursor.copy(into) as copy:
        for part in csv_parts(table, frame, types):
            copy.write(part)


def _take_out(connection: psycopg.Connection[Any], table: str) -> list[bytes]:
    """The table's rows as COPY takes them, in the order in which they lie; the table is empty then."""
    query = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT (FORMAT binary)").format(sql.Identifier(table))
    with connection.cursor() as cursor:
        with cursor.copy(query) as copy:
            parts = [bytes(part) for part in copy]
        cursor.execute(sql.SQL("TRUNCATE {}").format(sql.Identifier(table)))
    return parts


def _put_back(connection: psycopg.Connection[Any], table: str, parts: list[bytes], key: tuple[str, ...]) -> int:
    incoming, target = sql.Identifier(f"incoming_{table}"), sql.Identifier(table)
    ordered = sql.SQL(", ").join(map(sql.Identifier, key))
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT DROP AS SELECT * FROM {} WITH NO DATA").format(
                incoming, target
            )
        )
        with cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT binary)").format(incoming)) as copy:
            for part in parts:
                copy.write(part)
        cursor.execute(sql.SQL("INSERT INTO {} SELECT * FROM {} ORDER BY {}").format(target, incoming, ordered))
        return cursor.rowcount


CASES: dict[str, Callable[..., Result]] = {"load": load, "earshot": earshot, "limit": limit, "sql": tuned_sql}


if __name__ == "__main__":
    print(json.dumps({name: round(value, 3) for name, value in CASES[sys.argv[1]](*sys.argv[2:]).items()}))
