"""Requesting: whom the nightly upkeep is to erase, kept in the database until it is done, and nowhere else.

Here: leaving and withdrawing a request, and carrying out those that wait, so that no message says whom.
Not here: erasing (erasing.py), when it runs and what an operator sees (assets.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import polars as pl

from assets.each_tenant import for_each_tenant
from assets.erasure.erasing import Erasure, erase, kind_of, spelt_address
from assets.importing.sources.places import Place
from assets.listening.identity.keys import Keyring, renew_keys
from sql.failures import FailureLog, cause_of, is_explained, is_isolatable
from sql.raw.erasing import RequestEndedError
from sql.statements import statement
from sql.values import PermanentError, Scope
from sql.warehouse import Warehouse

# In tenant_failures: the asset that does it every night.
SUBJECT = "erased_listeners"


@dataclass(frozen=True, slots=True)
class CarriedOut:
    """A request that was carried out."""

    slug: str
    request: UUID
    erasure: Erasure


def request_erasure(
    warehouse: Warehouse,
    tenant: UUID,
    keyring: Keyring,
    person: str,
    *,
    listener: int | None = None,
    address: str | None = None,
) -> tuple[UUID, bool]:
    """Leave one listener, by key, or one household, by address, for the next upkeep.

    Returns the request, and whether it is new. Raises PermanentError for a key or address that is none.
    """
    kind = kind_of(listener, address)
    whom: dict[str, object] = {"tenant": tenant, "address": address and spelt_address(address), "listener": listener}
    version = keyring.in_force(warehouse.read, [tenant]).key_of(tenant).version if kind == "listener" else None
    with warehouse.transaction() as connection:
        values = {**whom, "person": person, "kind": kind, "version": version}
        if new := connection.execute(statement("add_erasure_request").text, values).fetchone():
            return UUID(str(new[0])), True
        if waiting := connection.execute(statement("find_erasure_request").text, whom).fetchone():
            return UUID(str(waiting[0])), False
    raise PermanentError("The same request was just carried out; leave it again if it is still wanted")


def withdraw_request(warehouse: Warehouse, tenant: UUID, request: UUID, person: str) -> None:
    """Take back a request that waits; whom it was about is forgotten. Raises PermanentError for one that does not."""
    with warehouse.transaction() as connection:
        values = {"tenant": tenant, "request": request, "state": "withdrawn", "erasure": None, "withdrawn_by": person}
        if connection.execute(statement("end_erasure_request").text, values).fetchone() is None:
            raise PermanentError(
                "This request does not wait any more; `earshot privacy requests` says what became of it"
            )


def carry_out(
    warehouse: Warehouse, scope: Scope, keyring: Keyring, root: Place | None, failures: FailureLog | None = None
) -> Iterator[CarriedOut]:
    """Erase who is named by the requests of the tenants that wait, each on its own, the oldest first.

    root: its options open the archive. It may be stopped at any moment: a request waits, or is carried out. One that
    fails keeps the reason, and the others go on; its tenant goes to failures, and without a log it raises. No message
    of it says whom.
    """

    def work(tenant: UUID, slug: str) -> Iterator[CarriedOut]:
        causes = []
        for row in warehouse.rows("read_waiting_erasures", tenants=[tenant]):
            try:
                done = _carry_out(warehouse, tenant, keyring, root, row)
            except RequestEndedError:
                continue
            except BaseException as error:
                if not is_isolatable(error):
                    raise
                cause = _cause_without(error, row)
                with warehouse.transaction() as connection:
                    values = {"tenant": tenant, "request": row["request_id"], "error": cause}
                    connection.execute(statement("note_erasure_error").text, values)
                causes.append(f"{row['request_id'].hex[:8]}: {cause}")
                continue
            yield CarriedOut(slug, row["request_id"], done)
        if causes:
            raise PermanentError(f"{len(causes)} request(s) of erasure still wait. {causes[0]}")

    yield from for_each_tenant(warehouse, scope, failures, SUBJECT, work)


def _carry_out(
    warehouse: Warehouse, tenant: UUID, keyring: Keyring, root: Place | None, row: Mapping[str, Any]
) -> Erasure:
    listener = row["listener_key"]
    if listener is not None:
        # The key of then, under the version that is in force by now.
        older = pl.DataFrame(
            {"tenant_id": [tenant.bytes], "key": [listener], "version": [row["key_version"]]},
            schema_overrides={"key": pl.Int64, "version": pl.Int16},
        )
        in_force = keyring.in_force(warehouse.read, [tenant])
        listener = renew_keys(older, ["key"], in_force, since="version")["key"].item()
    return erase(
        warehouse,
        tenant,
        keyring,
        row["requested_by"],
        listener=listener,
        address=row["address"],
        root=root,
        request=row["request_id"],
    )


def _cause_without(error: BaseException, row: Mapping[str, Any]) -> str:
    """Why it failed, without whom. What a library or the server says may quote rows, so only its class is kept."""
    if not is_explained(error):
        return f"{type(error).__name__}; its message may say whom. `earshot privacy erase` without --later shows it"
    text = cause_of(error)
    for value in (row["address"], row["listener_key"]):
        text = text.replace(str(value), "***") if value is not None else text
    return text
