"""Failures: an error in one tenant's data does not stop the work for the others.

Here: which exceptions may be about one tenant's data, bisecting work to find those that it fails for,
and the table tenant_failures, which keeps what is open until the same work succeeds.
Not here: the work itself, what an operator sees of it (pipelines/commands/watching/status.py, the runs of assets/).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Literal, TypeVar
from uuid import UUID

import psycopg

from sql.connections.connecting import (
    DatabaseUnavailableError,
    InsufficientPrivilegeError,
    StatementError,
    WrongDatabaseUrlError,
    first_line,
)
from sql.events import note_event
from sql.safety.characters import one_line
from sql.safety.masking import masked
from sql.statements import statement
from sql.values import EarshotError
from sql.warehouse import Warehouse

T = TypeVar("T")
R = TypeVar("R")

# Where work is done tenant by tenant. A subject is one piece of it: an asset, a schedule, a sensor, a source of logs.
Stage = Literal[
    "computing",
    "reports",
    "delivery",
    "schedule",
    "sensor",
    "methodology",
    "privacy",
    "check",
    "catalogue",
    "importing",
]

# A cause is read on a screen; a message of a library may quote a whole frame.
LONGEST_CAUSE = 1000


@dataclass(frozen=True, slots=True)
class TenantFailure:
    """What could not be done for one tenant. day: None where the work has none."""

    tenant_id: UUID
    tenant: str
    stage: Stage
    subjects: tuple[str, ...]
    day: date | None
    error: BaseException

    @property
    def cause(self) -> str:
        return cause_of(self.error)

    @property
    def where(self) -> str:
        """The tenant's slug, with the day if there is one."""
        return f"{self.tenant}, {self.day}" if self.day else self.tenant


def is_isolatable(error: BaseException) -> bool:
    """Whether the exception may come from one tenant's data, whatever its class.

    Not: a database that went away or a lock that was not granted, which a retry heals, and requests to stop
    (KeyboardInterrupt, SystemExit, GeneratorExit, the orchestrator's). A panic in a library written in Rust is no
    Exception; every such library has a PanicException of its own, so they are recognised by name.
    """
    if is_database_away(error):
        return False
    panic = any((kind.__module__, kind.__name__) == ("pyo3_runtime", "PanicException") for kind in type(error).__mro__)
    return isinstance(error, Exception) or panic


def is_database_away(error: BaseException) -> bool:
    """Whether no server answered, or it went away, or a lock was not to be had: trying again may help."""
    return isinstance(error, DatabaseUnavailableError | psycopg.OperationalError | psycopg.InterfaceError)


def is_explained(error: BaseException) -> bool:
    """Whether the error is one of ours: a sentence about the data, and what to do about them."""
    of_the_platform = InsufficientPrivilegeError | StatementError | WrongDatabaseUrlError
    return isinstance(error, EarshotError) and not isinstance(error, of_the_platform)


def cause_of(error: BaseException) -> str:
    """The error in one line: without passwords and control characters, with its class where it is not one of ours."""
    text = str(error) if isinstance(error, EarshotError) else f"{type(error).__name__}: {_message_of(error)}"
    plain = one_line(masked(text))
    return plain if len(plain) <= LONGEST_CAUSE else f"{plain[:LONGEST_CAUSE]}…"


def _message_of(error: BaseException) -> str:
    try:
        return first_line(error) if str(error) else "without a message"
    except Exception:
        return "its message cannot be read"


def bisect_failures(
    items: Sequence[T], work: Callable[[Sequence[T]], R], failed: Callable[[T, BaseException], object]
) -> Iterator[R]:
    """Yield the results of the work: for all items at once or, where that fails, for each half, down to single items.

    failed is called for each single item that the work fails for. Raises errors that are not isolatable (see
    is_isolatable). With one bad item in n, the work is begun about 2 log2 n times.
    """
    if not items:
        return
    try:
        result = work(items)
    except BaseException as error:
        if not is_isolatable(error):
            raise
        if len(items) == 1:
            failed(items[0], error)
            return
    else:
        yield result
        return
    middle = len(items) // 2
    yield from bisect_failures(items[:middle], work, failed)
    yield from bisect_failures(items[middle:], work, failed)


class FailureLog:
    """The failures of one piece of work, recorded in tenant_failures, logged, and counted."""

    def __init__(
        self,
        warehouse: Warehouse,
        stage: Stage,
        log_error: Callable[[str], object],
        run_id: UUID | None = None,
        not_done: str = "not computed",
    ) -> None:
        self._warehouse = warehouse
        self._stage: Stage = stage
        self._log_error = log_error
        self._run_id = run_id
        self._not_done = not_done
        self._slugs: dict[UUID, str] = {}
        self.found: list[TenantFailure] = []

    @property
    def tenants(self) -> set[UUID]:
        """The tenants that something failed for."""
        return {failure.tenant_id for failure in self.found}

    def add(
        self, tenant: UUID, error: BaseException, subjects: Sequence[str], day: date | None = None
    ) -> TenantFailure:
        """Record and log that this failed for the tenant. Where recording fails, that is logged too."""
        failure = TenantFailure(tenant, self._slug(tenant), self._stage, tuple(subjects), day, error)
        self.found.append(failure)
        self._log_error(f"{failure.where}: {self._not_done}. {failure.cause}")
        note_event(
            "work_failed",
            run=self._run_id,
            tenant=tenant,
            day=day,
            stage=self._stage,
            subjects=list(subjects),
            cause=failure.cause,
        )
        values = {
            "tenant": tenant,
            "stage": self._stage,
            "subjects": list(subjects),
            "day": day,
            "cause": failure.cause,
            "error_class": type(error).__name__,
            "run": self._run_id,
        }
        self._write("add_tenant_failure", values, failure.where)
        return failure

    def clear(self, tenants: Sequence[UUID], subjects: Sequence[str], day: date | None = None) -> None:
        """This work succeeded for these tenants: what was open of it is closed."""
        values = {"tenants": list(tenants), "stage": self._stage, "subjects": list(subjects), "day": day}
        self._write("clear_tenant_failures", values, "some tenants")

    def _write(self, name: str, values: Mapping[str, object], whose: str) -> None:
        try:
            with self._warehouse.transaction() as connection:
                connection.execute(statement(name).text, values)
        except Exception as error:
            self._log_error(
                f"{whose}: `earshot status` does not know this, because it could not be kept. {cause_of(error)}"
            )

    def _slug(self, tenant: UUID) -> str:
        """The tenant's slug; its id where the table of tenants cannot be read now."""
        if tenant not in self._slugs:
            with suppress(Exception):
                named = self._warehouse.read("read_tenants").select("tenant_id", "slug")
                self._slugs = {UUID(bytes=each): slug for each, slug in named.iter_rows()}
        return self._slugs.get(tenant, str(tenant))
