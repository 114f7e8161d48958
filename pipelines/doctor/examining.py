"""Examining: all that is looked at, in the order in which it is printed.

Here: the order, and what is left out where the database does not answer. An error of one look is a line of its own.
Not here: the looks themselves (the other modules of this room).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial

from pipelines import runtime
from pipelines.doctor import database, machine, sender, work
from pipelines.doctor.finding import Finding, Level, ok, problem, worst
from pipelines.settings import Settings, load_settings
from sql.failures import cause_of
from sql.values import EarshotError
from sql.warehouse import Warehouse

Look = Callable[[], Iterator[Finding]]


def examine(*, quick: bool = False, dns_server: str | None = None, now: datetime | None = None) -> list[Finding]:
    """What is found. quick: only whether settings can be read and the databases answer."""
    try:
        settings = load_settings()
    except EarshotError as error:
        return [problem("configuration", str(error), "mend the variable; docs/operators.md, 'Settings', has them all")]
    found = [ok("configuration", f"every setting can be read; the home is {settings.home}")]
    found += _guarded("database", partial(database.check_answers, settings))
    answers = worst(found) == Level.OK
    if quick:
        return found
    found += _guarded("versions", partial(machine.check_versions, settings))
    if answers:
        found += _examine_database(settings, now or datetime.now(UTC))
    found += _guarded("history", partial(work.check_automation, settings, now or datetime.now(UTC)))
    found += _guarded("disk", partial(machine.check_disk, settings))
    found += _guarded("key ring", partial(machine.check_key_ring, settings))
    found += _guarded("sender", partial(sender.check_transport, settings))
    found += _guarded("dns", partial(_check_dns, settings, dns_server))
    return found


def _examine_database(settings: Settings, now: datetime) -> list[Finding]:
    found = _guarded("migrations", partial(database.check_schema, settings))
    has_schema = worst(found) == Level.OK
    found += _guarded("replica", partial(database.check_replica, settings))
    if not has_schema:
        return found
    found += _guarded("schema", partial(database.check_objects, settings))
    looks: dict[str, Callable[[Warehouse], Iterator[Finding]]] = {
        "server": database.check_server,
        "roles": database.check_rights,
        "keys": partial(work.check_key_versions, settings=settings),
        "coverage": partial(work.check_coverage, now=now),
        "failures": work.check_failures,
        "entries": work.check_entries,
        "inclusion list": partial(work.check_inclusions, now=now),
        "erasures": partial(work.check_erasures, now=now),
        "queue": partial(sender.check_queue, now=now),
    }
    with runtime.open_warehouse(settings, "earshot doctor", work="status") as warehouse:
        for name, look in looks.items():
            found += _guarded(name, partial(look, warehouse))
    return found


def _check_dns(settings: Settings, server: str | None) -> Iterator[Finding]:
    # Loaded here, because it takes a while, and a probe does without.
    from pipelines.doctor.dns_records import check_records

    yield from check_records(settings.mail, settings.dkim_selectors, server)


def _guarded(check: str, look: Look) -> list[Finding]:
    """What the look finds; where it fails, that is what was found."""
    found: list[Finding] = []
    try:
        found.extend(look())
    except Exception as error:
        meaning = f"it could not be looked at: {cause_of(error)}"
        found.append(problem(check, meaning, "mend the cause, then `earshot doctor` again"))
    return found
