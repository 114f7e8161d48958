"""Rows: what the views of adopted tables show, brought into our tables, tenant by tenant.

Here: which rows are new or changed, and that the trouble of one tenant stays that tenant's.
Not here: the views (views.py), when it runs (pipelines/schedules.py).

What raw rows are made of may be far away and is read by day and by tenant, over and over: so they are copied once, by
the time at which the platform stored them, and never changed. Our received_at is when they came here: a day that was
computed before is then seen to be older than its rows. What a platform deletes stays here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from psycopg import sql

from sql.adopting.mapping import ADOPTABLE
from sql.adopting.views import SCHEMA
from sql.failures import FailureLog, cause_of, is_isolatable
from sql.tables import RAW
from sql.values import PermanentError
from sql.warehouse import Connection, Warehouse
from sql.writing import shape_of

# How far back a run looks for raw rows that the platform has stored: transactions that commit late, and an outage over
# a weekend. What is older is brought over by `earshot db adopt`, which looks at everything.
LOOKED_BACK = timedelta(days=4)

# Rows of these are never changed, and have no tenant.
UNCHANGED = (*RAW, "attribution_configs")
SHARED = ("fx_rates",)


@dataclass(frozen=True, slots=True)
class Adopted:
    """How many rows of a table came in or changed for a tenant (None: it is shared)."""

    table: str
    tenant: str | None
    rows: int


def adopted_tables(warehouse: Warehouse) -> tuple[str, ...]:
    """Our tables that are adopted here, in the order of their foreign keys; none where nothing is."""
    with warehouse.transaction() as connection:
        found = connection.execute(
            "SELECT relname::text FROM pg_class WHERE relnamespace = to_regnamespace(%s) AND relkind = 'v'", [SCHEMA]
        ).fetchall()
    names = {str(name) for (name,) in found}
    return tuple(name for name in ADOPTABLE if name in names)


def adopt_rows(
    warehouse: Warehouse, failures: FailureLog, now: datetime, tenants: Sequence[UUID] = (), *, whole: bool = False
) -> Iterator[Adopted]:
    """Bring over what is new, table by table; how many rows of each.

    tenants: only these; none: all. whole: raw rows of any age, not only those that the platform has stored lately.
    failures: takes the tenants that it fails for; their later tables wait, because they refer to the earlier ones.
    """
    tables = adopted_tables(warehouse)
    since = None if whole else now - LOOKED_BACK
    for table in tables:
        if table in SHARED:
            with _naming(table), warehouse.transaction() as connection:
                count = _bring(connection, table, None, None)
            yield Adopted(table, None, count)
    for tenant, slug in _tenants(warehouse, tables, tenants):
        for table in tables:
            if table in SHARED:
                continue
            try:
                with warehouse.transaction() as connection:
                    count = _bring(connection, table, tenant, since if table in RAW else None)
            except BaseException as error:
                if not is_isolatable(error):
                    raise
                failures.add(tenant, _explained(f"{table} of {slug}", error), ["adopted rows"])
                break
            yield Adopted(table, slug, count)
        else:
            failures.clear([tenant], ["adopted rows"])


def _explained(rows: str, error: BaseException) -> PermanentError:
    return PermanentError(
        f"the platform's rows for {rows} are not taken: {cause_of(error)} Correct them, or the mapping and run "
        "`earshot db adopt` again; what comes after this table waits"
    )


@contextmanager
def _naming(table: str) -> Iterator[None]:
    """What the database says against rows of no tenant, with their table."""
    try:
        yield
    except Exception as error:
        if not is_isolatable(error):
            raise
        raise _explained(table, error) from None


def _tenants(warehouse: Warehouse, tables: Sequence[str], chosen: Sequence[UUID]) -> list[tuple[UUID, str]]:
    """The platform's tenants if they are adopted, else ours."""
    source = sql.Identifier(SCHEMA, "tenants") if "tenants" in tables else sql.Identifier("public", "tenants")
    with _naming("tenants"), warehouse.transaction() as connection:
        found = connection.execute(sql.SQL("SELECT tenant_id, slug FROM {} ORDER BY slug").format(source)).fetchall()
    return [(UUID(str(tenant)), str(slug)) for tenant, slug in found if not chosen or UUID(str(tenant)) in chosen]


def _bring(connection: Connection, table: str, tenant: UUID | None, since: datetime | None) -> int:
    view = connection.execute(
        "SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 "
        "AND attname <> 'arrived_at' ORDER BY attnum",
        [f"{SCHEMA}.{table}"],
    ).fetchall()
    columns = [sql.Identifier(str(name)) for (name,) in view]
    key = [sql.Identifier(name) for name in shape_of(connection, table).key]
    conditions = [sql.SQL("tenant_id = {}").format(tenant)] if tenant is not None else []
    conditions += [sql.SQL("arrived_at >= {}").format(since)] if since is not None else []
    statement = sql.SQL("INSERT INTO {} AS kept ({}) SELECT {} FROM {}{} ON CONFLICT ({}) {}").format(
        sql.Identifier("public", table),
        sql.SQL(", ").join(columns),
        sql.SQL(", ").join(columns),
        sql.Identifier(SCHEMA, table),
        sql.SQL(" WHERE ") + sql.SQL(" AND ").join(conditions) if conditions else sql.SQL(""),
        sql.SQL(", ").join(key),
        _on_conflict(table, [column for column in columns if column not in key]),
    )
    return connection.execute(statement).rowcount


def _on_conflict(table: str, others: Sequence[sql.Identifier]) -> sql.Composable:
    if table in UNCHANGED or not others:
        return sql.SQL("DO NOTHING")
    new = [sql.SQL("excluded.{}").format(column) for column in others]
    old = [sql.SQL("kept.{}").format(column) for column in others]
    pairs = [sql.SQL("{} = {}").format(column, value) for column, value in zip(others, new, strict=True)]
    return sql.SQL("DO UPDATE SET {} WHERE ROW({}) IS DISTINCT FROM ROW({})").format(
        sql.SQL(", ").join(pairs), sql.SQL(", ").join(old), sql.SQL(", ").join(new)
    )
