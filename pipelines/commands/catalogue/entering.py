"""Entering: the changes of a plan, in one transaction, each tried on its own so that all that is refused is named.

Here: running the statements of a plan, what the database refuses in words with its line, the entry of the whole.
Not here: what changes (assets/catalogue/comparing.py), the text of statements (assets/catalogue/statements.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID, uuid4

import psycopg

from assets.catalogue.comparing import CataloguePlan, Change
from assets.catalogue.files.entries import Place, Problem
from assets.catalogue.statements import Statement, statements_of, store_slug
from sql.connections.connecting import first_line
from sql.warehouse import Connection

# What a person can mend in a file: values that break a bound, and rows that others need or that are there already.
REFUSED = (psycopg.errors.IntegrityError, psycopg.errors.DataError, psycopg.errors.RaiseException)

RULE = b"SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conname = %s AND conrelid = to_regclass(%s)"


def enter(connection: Connection, plan: CataloguePlan) -> list[Problem]:
    """Make the changes of a plan inside the caller's transaction; returns what the database refuses.

    A change that needs a refused row is left out without a word: it says what the other says.
    """
    problems: list[Problem] = []
    refused: set[UUID] = set()
    for change in plan.changes:
        if change.action == "keep" or refused.intersection(_ids(change)):
            continue
        for statement in statements_of(change, plan.tenant):
            problem = _try(connection, statement, change)
            if problem is not None:
                problems.append(problem)
                refused.update([change.row_id] if change.row_id else [])
    if not problems and not plan.is_empty:
        for kind, slug, row in plan.slugs:
            text, values = store_slug(kind, slug, row, plan.tenant)
            connection.execute(text.encode(), values)
    return problems


def note(connection: Connection, plan: CataloguePlan, person: str, files: Sequence[str]) -> None:
    """The one entry in the trail of changes that stands for the whole, beside those of its rows."""
    connection.execute(
        "INSERT INTO catalogue_revisions (tenant_id, revision_id, entered_by, files, added, changed, removed)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (plan.tenant, uuid4(), person, list(files), plan.count("add"), plan.count("change"), plan.count("remove")),
    )


def _try(connection: Connection, statement: Statement, change: Change) -> Problem | None:
    text, values = statement
    try:
        with connection.transaction():
            connection.execute(text.encode(), values)
    except REFUSED as error:
        place = change.place or Place("the database")
        return Problem(place, _explained(connection, error, change))
    return None


def _explained(connection: Connection, error: psycopg.Error, change: Change) -> str:
    """The server's sentence; of a constraint, what it demands."""
    said = error.diag.message_primary or first_line(error)
    detail = f" ({error.diag.message_detail.rstrip('.')})" if error.diag.message_detail else ""
    if isinstance(error, psycopg.errors.CheckViolation):
        name = error.diag.constraint_name
        (rule,) = connection.execute(RULE, [name, error.diag.table_name]).fetchone() or ("",)
        return (
            f"{change.kind}: the database refuses it: {name} demands {' '.join(str(rule).split())}; see What may be "
            "entered in docs/operators.md"
        )
    return f"{change.kind}: the database refuses it: {said}{detail}"


def _ids(change: Change) -> set[UUID]:
    return {value for value in change.row.values() if isinstance(value, UUID)} | (
        {change.row_id} if change.row_id else set()
    )
