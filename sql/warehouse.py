"""The warehouse: the one door between frames and the database.

Here: reading statements by name, replacing a window of tables, adding rows once, transactions in a role, tenants.
Not here: SQL text (queries/), type mappings (reading.py, copying/), schema (migrate.py), any number's definition.
"""

from __future__ import annotations

import difflib
import hashlib
import threading
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
from psycopg import sql

from sql import writing
from sql.connections.connecting import DatabaseUnavailableError, check_url, connect, first_line, statement_error
from sql.connections.limits import Limits, Work
from sql.connections.watching import WatchedConnection
from sql.reading.replica import POSITION, Replica
from sql.safety.masking import masked
from sql.schema.catalogue import Relation, relations
from sql.statements import statement
from sql.values import PermanentError, Reader, Scope, Window
from sql.writing import LedgerLine, Write

if TYPE_CHECKING:
    import polars as pl

    from sql.reading.connections import ColumnReader, IdleConnections

__all__ = ["LedgerLine", "Warehouse", "Write"]

ROLES = ("earshot_etl", "earshot_report", "earshot_readonly", "earshot_owner")

Connection = psycopg.Connection[tuple[object, ...]]

# Connections for reading that are kept open: as many as threads of one process mostly read at a time.
MOST_IDLE = 2


class Warehouse:
    """One database. With read_url, statements go to that replica as long as it has all that was written before, else to
    the primary. Threads may share it.

    name: the application name in the server's lists of sessions and locks. work: what its reads are, which limits them.
    """

    def __init__(
        self,
        url: str,
        read_url: str | None = None,
        *,
        limits: Limits = Limits(),  # noqa: B008  (an immutable value)
        name: str = "earshot",
        work: Work = "reading",
    ) -> None:
        check_url(url)
        self._url = url
        self._replica = Replica(read_url, limits) if read_url else None
        self._limits, self._name, self._work = limits, name, work
        # By address. Made with the first read, because loading Arrow and Polars takes as long as a small command.
        self._idle_readers: dict[str, IdleConnections] = {}
        # One is kept open, because opening one costs more than most transactions.
        self._idle: list[WatchedConnection] = []
        self._lock = threading.Lock()
        self._finalizer = weakref.finalize(self, _close_all, self._idle)

    def __repr__(self) -> str:
        return f"Warehouse({masked(self._url)!r})"

    def close(self) -> None:
        """Close what is idle. The warehouse can still be used; it connects again."""
        with self._lock:
            for idle in self._idle_readers.values():
                idle.close()
            _close_all(self._idle)
        if self._replica is not None:
            self._replica.close()

    def clock(self) -> datetime:
        """The time by the database's clock, which all machines of an installation share."""
        now: datetime = self.rows("read_clock")[0]["now"]
        return now

    def read(self, name: str, /, **params: object) -> pl.DataFrame:
        """The rows of sql/queries/<name>.sql as earshot_etl, at the speed of a binary COPY.

        uuid arrives as 16-byte Binary, timestamptz as Datetime("us", "UTC"), numeric as Decimal(38, 12).
        Raises PermanentError for an unknown statement or parameter, DatabaseUnavailableError when no server answers.
        """
        found = statement(name)
        text, doing, by_hash = found.render(params), f"Reading {name}", found.joins_by_hash
        reader = self._etl_reader()
        try:
            return reader.fetch(text, doing, by_hash=by_hash)
        except DatabaseUnavailableError as error:
            if self._replica is None or reader.url == self._url:
                raise
            # It went away, or had to end a statement to go on replaying.
            self._replica.leave_alone(f"failed: {first_line(error)}")
            return self._etl_reader().fetch(text, doing, by_hash=by_hash)

    def rows(self, name: str, /, **params: object) -> list[dict[str, Any]]:
        """The rows of sql/queries/<name>.sql as earshot_etl, one by one: few rows, without loading what
        makes frames. uuid arrives as UUID, everything else in Python's own types. Raises as read() does.
        """
        connection = self._begin("earshot_etl", None, self._work)
        try:
            cursor = connection.execute(statement(name).render(params).encode())
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except psycopg.Error as error:
            raise statement_error(error, f"Reading {name}") from error
        finally:
            self._keep(connection)

    @contextmanager
    def as_tenant(self, tenant: UUID) -> Iterator[Reader]:
        """Reads as earshot_report in one tenant's context: whatever the statement, no other tenant's row comes.

        The statements' tables are those of the schema bi: its views show this tenant alone.
        """
        reader = self._reader_of("earshot_report", tenant, self._reading_url())

        def read(name: str, /, **params: object) -> pl.DataFrame:
            found = statement(name)
            doing = f"Reading {name} for {tenant}"
            return reader.fetch(found.render(params), doing, by_hash=found.joins_by_hash)

        yield read

    def look(self, tenant: UUID, query: sql.Composed | str, doing: str) -> pl.DataFrame:
        """The rows of one composed or rendered statement, read as in as_tenant(); doing names it in errors."""
        reader = self._reader_of("earshot_report", tenant, self._reading_url())
        return reader.fetch(query if isinstance(query, str) else query.as_string(None), doing)

    def relations(self) -> list[Relation]:
        """Our tables and views with their columns and comments, by schema and name."""
        with self.transaction() as connection:
            return relations(connection)

    @contextmanager
    def transaction(
        self, role: str = "earshot_etl", tenant: UUID | None = None, lock_s: int | None = None
    ) -> Iterator[Connection]:
        """A psycopg connection inside one transaction in this role and, for readers, this tenant's context.

        lock_s: how long it may wait for a lock, if not the limit for all.
        Commits at the end, rolls back when the body raises. Errors of the server arrive as typed ones.
        """
        if role not in ROLES:
            raise PermanentError(f"There is no role {role!r}; a transaction runs as one of {', '.join(ROLES)}")
        connection = self._begin(role, tenant, lock_s=lock_s)
        try:
            yield connection
            # Here, so that what fails at the commit is explained too.
            connection.commit()
        except psycopg.Error as error:
            raise statement_error(error, f"Working as {role}") from error
        finally:
            self._keep(connection)

    def _etl_reader(self) -> ColumnReader:
        return self._reader_of("earshot_etl", None, self._reading_url())

    def _reader_of(self, role: str, tenant: UUID | None, url: str) -> ColumnReader:
        """A reader in a role and context of its own, which it takes with each transaction; connections are shared."""
        from sql.reading.connections import ColumnReader, IdleConnections

        with self._lock:
            idle = self._idle_readers.setdefault(url, IdleConnections(MOST_IDLE))
        return ColumnReader(url, role, tenant, limits=self._limits, work=self._work, name=self._name, idle=idle)

    def _reading_url(self) -> str:
        """Where everything can be read that has been committed by now."""
        if self._replica is None:
            return self._url
        with self.transaction() as connection:
            ((position,),) = connection.execute(POSITION).fetchall()
        return self._replica.url if self._replica.has(str(position)) else self._url

    def _begin(
        self, role: str, tenant: UUID | None, work: Work = "writing", lock_s: int | None = None
    ) -> WatchedConnection:
        """A connection that has become the role: the idle one, unless the server closed it meanwhile."""
        with self._lock:
            idle = self._idle.pop() if self._idle else None
        if idle is not None:
            try:
                idle.begin(work, self._name, role, tenant, lock_s)
                return idle
            except (psycopg.OperationalError, psycopg.InterfaceError):
                idle.close()
        connection = connect(self._url, self._limits)
        try:
            connection.begin(work, self._name, role, tenant, lock_s)
        except psycopg.Error as error:
            connection.close()
            raise statement_error(error, f"Becoming {role}") from error
        return connection

    def _keep(self, connection: WatchedConnection) -> None:
        """Keep the connection for the next transaction, however this one ended."""
        with suppress(psycopg.Error):
            connection.patience_s = self._limits.silence_s
            connection.rollback()
            with self._lock:
                if not connection.closed and not self._idle:
                    self._idle.append(connection)
                    return
        connection.close()

    def insert(self, table: str, frame: pl.DataFrame) -> int:
        """Add rows whose keys are not there yet, in one transaction; returns how many were new."""
        with self.transaction() as connection:
            return writing.insert(connection, table, frame)

    def replace(
        self,
        writes: Sequence[Write],
        window: Window,
        tenants: Sequence[UUID],
        ledger: Sequence[LedgerLine] = (),
    ) -> dict[str, int]:
        """Make the window and tenants of each table hold exactly the frame's rows; returns rows per table.

        One transaction with its ledger lines, under one lock per (asset, day). Always safe to run again.
        """
        with self.transaction() as connection:
            return writing.replace(connection, writes, window, tenants, ledger)

    def forget(self, assets: Sequence[str], day: date, tenants: Sequence[UUID]) -> None:
        """Take a day of these assets and tenants out of the ledger: its rows in the tables count as not computed."""
        with self.transaction() as connection:
            connection.execute(
                "DELETE FROM rollup_ledger WHERE asset = ANY(%s) AND day = %s AND tenant_id = ANY(%s)",
                (list(assets), day, list(tenants)),
            )

    def let_stand(self, assets: Sequence[str], day: date, tenants: Sequence[UUID], looked_at: datetime) -> None:
        """Record that a day of these assets and tenants, as it is, includes everything that arrived until then."""
        with self.transaction() as connection:
            connection.execute(
                "UPDATE rollup_ledger SET began_at = %s WHERE asset = ANY(%s) AND day = %s AND tenant_id = ANY(%s)",
                (looked_at, list(assets), day, list(tenants)),
            )

    def analyze_new(self) -> None:
        """Gather statistics of tables and chunks that have none yet, without which a load is read by bad plans."""
        with self.transaction() as connection:
            connection.execute("SELECT earshot_analyze_new()")

    def tenants(self, scope: Scope = Scope()) -> pl.DataFrame:  # noqa: B008  (an immutable value)
        """The scope's tenants with their settings, ordered by slug. Raises PermanentError for one that is not there."""
        found = self.read("read_tenants")
        if not scope.tenants:
            return found
        wanted = [tenant.bytes for tenant in scope.tenants]
        existing = set(found["tenant_id"])
        for tenant in scope.tenants:
            if tenant.bytes not in existing:
                raise _unknown_tenant(str(tenant), found)
        return found.filter(found["tenant_id"].is_in(wanted))

    def tenant_id(self, name: str) -> UUID:
        """The id of a tenant by its slug or its id as text. Raises PermanentError, naming near ones, for others."""
        found = self.read("read_tenants")
        for tenant_id, slug in found.select("tenant_id", "slug").iter_rows():
            tenant = UUID(bytes=tenant_id)
            if name.strip().lower() in (slug, str(tenant), tenant.hex):
                return tenant
        raise _unknown_tenant(name, found)

    def slugs(self, names: Iterable[str]) -> tuple[str, ...]:
        """The slugs of tenants that are named by slug or id, in order. Raises PermanentError as tenant_id does."""
        chosen = Scope(tuple({self.tenant_id(name) for name in names}))
        return tuple(sorted(self.tenants(chosen)["slug"])) if chosen.tenants else ()

    def tenant_chunks(self, scope: Scope = Scope(), size: int = 64) -> list[list[UUID]]:  # noqa: B008
        """The scope's tenants in chunks of at most size, in the order of a hash: stable, and large ones are spread."""
        ids = [UUID(bytes=tenant_id) for tenant_id in self.tenants(scope)["tenant_id"]]
        ids.sort(key=lambda tenant: hashlib.blake2b(tenant.bytes, digest_size=8).digest())
        return [ids[start : start + size] for start in range(0, len(ids), size)]

    def ledger(self, asset: str, window: Window) -> pl.DataFrame:
        """Which tenant has which day of the asset, from what input: tenant_id, day, run_id, rows, input_watermark,
        status, finished_at."""
        days = list(window.days())
        return self.read("read_ledger", asset=asset, first=days[0], last=days[-1])


def _close_all(connections: list[WatchedConnection]) -> None:
    while connections:
        connections.pop().close()


def _unknown_tenant(name: str, tenants: pl.DataFrame) -> PermanentError:
    slugs = tenants["slug"].to_list()
    by_id = {str(UUID(bytes=tenant_id)): slug for tenant_id, slug in tenants.select("tenant_id", "slug").iter_rows()}
    near = difflib.get_close_matches(name.lower(), slugs, n=3)
    near += [f"{by_id[each]} ({each})" for each in difflib.get_close_matches(name.lower(), by_id, n=3, cutoff=0.8)]
    advice = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(slugs[:10]) or 'no tenants yet'}."
    return PermanentError(f"There is no tenant {name!r}; {advice}")
