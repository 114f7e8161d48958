"""Finding: what is wrong at the moment, kind by kind.

Here: one function per kind, each with the tenants that it could look at. What cannot be looked at is neither opened nor
closed.
Not here: sending it (reports/delivery/alerts/problems.py), when it is looked for (watching.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from uuid import UUID
from zoneinfo import ZoneInfo

from pipelines import runtime
from pipelines.doctor.machine import measure_rooms
from pipelines.doctor.sender import PAUSED_AFTER
from pipelines.doctor.work import last_due, read_coverage, read_late_erasures
from pipelines.problems import failed_runs
from pipelines.settings import Settings
from reports.delivery.alerts import INSTALLATION, Problem
from sql.failures import bisect_failures
from sql.values import EarshotError, PermanentError
from sql.warehouse import Warehouse

# Time enough to mend a day before its report is looked at again.
NEAR_MORNING = timedelta(hours=12)

# A disk that was full is not, once a fifth more is free: it does not come and go with every file.
ROOMIER = 1.2


@dataclass(slots=True)
class Look:
    """What one look works with. failed: tenants (slugs) that could not be looked at, with the error.

    open: the subjects that are open, by kind.
    """

    settings: Settings
    warehouse: Warehouse
    now: datetime
    tenants: Mapping[UUID, Mapping[str, str]]
    open: Mapping[str, frozenset[str]]
    failed: dict[UUID, BaseException] = field(default_factory=dict)

    def by_tenant(self, work: Callable[[Sequence[UUID]], list[Problem]]) -> list[Problem]:
        """What the work finds for all tenants but those that it fails for, which are kept in failed."""
        return list(chain.from_iterable(bisect_failures(list(self.tenants), work, self.failed.__setitem__)))

    @property
    def looked_at(self) -> list[UUID]:
        """The installation, and the tenants that did not fail."""
        return [INSTALLATION, *(each for each in self.tenants if each not in self.failed)]


def find_failed_runs(look: Look) -> list[Problem]:
    """Runs that failed and were not made good; none where there is no history."""
    url = runtime.history_url(look.settings)
    if url is None:
        return []
    try:
        ended = failed_runs.read_ended_runs(url, look.now - failed_runs.LOOKED_BACK, look.settings.limits)
    except EarshotError as error:
        # Not that our own database is away: the other kinds can be looked for.
        raise PermanentError(f"Dagster's history: {error}") from error
    return list(failed_runs.problems_of(failed_runs.open_runs(ended), look.now))


def find_late_nights(look: Look) -> list[Problem]:
    """One problem for all tenants: a night that fails for everybody is one thing that went wrong."""
    last = last_due(look.now)
    late = [row for row in read_coverage(look.warehouse, look.tenants, last) if row["late_days"]]
    if not late:
        return []
    lines = [f"{row['slug']}: {row['late_days']} day(s) from {row['first_late']} on" for row in late[:10]]
    lines += [f"and {len(late) - 10} more tenants"] if len(late) > 10 else []
    first = min(row["first_late"] for row in late)
    advice = f"`earshot status` says what failed; `earshot backfill --from {first} --to {last}` computes them."
    text = "\n".join(["Not computed, and due by now:", *lines, advice, "docs/runbook.md: A late night"])
    return [Problem("late_night", "nights", f"A night is late: {len(late)} tenant(s) lack days up to {last}", text)]


def find_held_reports(look: Look) -> list[Problem]:
    """Reports that are held, from half a day before the morning on which they are looked at again."""

    def read(ids: Sequence[UUID]) -> list[Problem]:
        rows = look.warehouse.rows("read_reports", states=["held"], tenants=list(ids))
        return [_held(look, row) for row in rows]

    return look.by_tenant(read)


def _held(look: Look, row: Mapping[str, object]) -> Problem:
    tenant = row["tenant_id"]
    assert isinstance(tenant, UUID)  # noqa: S101
    zone = ZoneInfo(look.tenants[tenant]["timezone"])
    morning = next_morning(look.now, zone)
    report = str(row["report_id"])
    subscription = row["subscription_id"]
    return Problem(
        "held_report",
        report,
        f"A report is held: {row['sponsor']}, {row['campaign']}, {row['period_start']} to {row['period_end']}",
        f"{row['held_reason']}\nIt is looked at again on {morning:%Y-%m-%d at %H:%M} ({zone.key}), and leaves then if "
        f"that is mended.\n`earshot reports list --state held --tenant {row['tenant']}` says what heals it.\n"
        "docs/runbook.md: A held report",
        tenant,
        subscription if isinstance(subscription, UUID) else None,
        opens=morning - look.now <= NEAR_MORNING,
    )


def next_morning(now: datetime, zone: ZoneInfo) -> datetime:
    """The next moment at which reports are looked at there. Pure."""
    # Loaded here, because it loads Dagster, and few looks find a report that is held.
    from pipelines.schedules import MORNING_HOUR

    local = now.astimezone(zone)
    morning = local.replace(hour=MORNING_HOUR, minute=0, second=0, microsecond=0)
    return morning if morning > local else morning + timedelta(days=1)


def find_paused_sender(look: Look) -> list[Problem]:
    """Mails that could leave, while none has left since they began to wait."""
    rows = look.warehouse.rows("read_waiting_mails", tenants=list(look.tenants))
    late = [
        row
        for row in rows
        if look.now - row["since"] > PAUSED_AFTER and (row["accepted_at"] is None or row["accepted_at"] < row["since"])
    ]
    if not late:
        return []
    mails, since = sum(row["mails"] for row in late), min(row["since"] for row in late)
    reason = next((row["detail"] for row in late if row["detail"]), "nobody has tried to send them")
    text = (
        f"{reason}\n{mails} mail(s) of {len(late)} tenant(s) wait, the first since {since:%Y-%m-%d %H:%M} UTC.\n"
        "Mend the cause, then `earshot deliver`.\ndocs/runbook.md: A paused sender"
    )
    return [Problem("paused_sender", "mails", "No mail leaves", text)]


def find_full_disks(look: Look) -> list[Problem]:
    """Disks with less room than EARSHOT_DISK_FREE_PERCENT."""
    least = look.settings.disk_free_percent
    found = []
    for room in measure_rooms(look.settings):
        subject = str(room.path)
        is_open = subject in look.open.get("full_disk", frozenset())
        if room.free_percent < (least * ROOMIER if is_open else least):
            text = f"{room}.\n`earshot doctor` says what may go.\ndocs/runbook.md: A full disk"
            found.append(Problem("full_disk", subject, f"A disk is full: {room.free_percent:.0f} % free", text))
    return found


def find_lapsed_lists(look: Look) -> list[Problem]:
    """Entries of inclusion lists that count no more; those that lapsed on one day are one problem."""
    from assets.methods.inclusions import lapsing_inclusions

    def read(ids: Sequence[UUID]) -> list[Problem]:
        listed = look.warehouse.read("read_ip_inclusions", tenants=list(ids))
        return list(_lapsed(look, lapsing_inclusions(listed, look.now.date()).iter_rows(named=True)))

    return look.by_tenant(read)


def _lapsed(look: Look, rows: Iterator[Mapping[str, object]]) -> Iterator[Problem]:
    networks: dict[tuple[UUID, str], list[str]] = {}
    for row in rows:
        if int(str(row["days_left"])) < 0:
            tenant = row["tenant_id"]
            assert isinstance(tenant, bytes)  # noqa: S101
            networks.setdefault((UUID(bytes=tenant), str(row["counts_through"])), []).append(str(row["network"]))
    for (tenant, through), names in sorted(networks.items()):
        slug = look.tenants[tenant]["slug"]
        yield Problem(
            "lapsed_list",
            through,
            f"Entries of the inclusion list of {slug} have lapsed: {len(names)}",
            f"They counted through {through}, and count no more: {', '.join(sorted(names)[:10])}.\n"
            "Look at each network again, then set ip_inclusions.validated_at, or delete the entry.\n"
            "docs/runbook.md: A lapsed inclusion list",
            tenant,
        )


def find_late_erasures(look: Look) -> list[Problem]:
    """One problem for all tenants: requests of erasure that have waited for more than a day."""
    late = read_late_erasures(look.warehouse, look.tenants, look.now)
    if not late:
        return []
    lines = [
        f"{row['tenant']}: request {row['request_id'].hex[:8]} of {row['requested_at']:%Y-%m-%d %H:%M} UTC, "
        f"{row['error'] or 'nothing has tried it'}"
        for row in late[:10]
    ]
    lines += [f"and {len(late) - 10} more"] if len(late) > 10 else []
    advice = "Materialize erased_listeners once that is mended.\ndocs/runbook.md: A late erasure"
    text = "\n".join(["Left for the nightly upkeep, and not erased since:", *lines, advice])
    return [Problem("late_erasure", "erasures", f"Erasures wait for more than a day: {len(late)}", text)]
