"""The work: which days are there, what is stale, what failed, and whether anything runs by itself.

Here: what the ledger, the failures and the orchestrator's tables say.
Not here: how each tenant stands in numbers (`earshot status`), mails (sender.py).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from assets.steps import VERDICT
from pipelines import runtime
from pipelines.doctor.finding import Finding, name_some, ok, problem, warning
from pipelines.health.entries import strange_rows
from pipelines.processes.automation import read_automation
from pipelines.processes.run_history import read_history
from pipelines.settings import Settings
from sql.values import EarshotError
from sql.warehouse import Warehouse

# A day is there, provisional, by this hour of the next (UTC).
NIGHT_IS_OVER = 2

# By then the upkeep has had a night.
LATE_ERASURE = timedelta(days=1)

# Days that are looked at: those that are counted once a day, too (pipelines/sensors.py).
LOOKED_BACK = timedelta(days=35)


def last_due(now: datetime) -> date:
    """The last day that must be there by now. Pure."""
    return (now.astimezone(UTC) - timedelta(days=1, hours=NIGHT_IS_OVER)).date()


def read_coverage(warehouse: Warehouse, tenants: Iterable[UUID], last: date) -> list[dict[str, Any]]:
    """Of each tenant until when it is computed, and which days of the last weeks, up to the last, are late."""
    return warehouse.rows("read_coverage", verdict=VERDICT, first=last - LOOKED_BACK, last=last, tenants=list(tenants))


def check_key_versions(warehouse: Warehouse, settings: Settings) -> Iterator[Finding]:
    """Whether the key ring has the version that each tenant's stored keys are of, and whether a newer one waits."""
    path = settings.keyring_path or settings.home / "keyring.json"
    if not path.exists():
        return
    from assets.listening.identity.keys import Keyring
    from assets.privacy.rotation import due_version

    keyring = Keyring.load(path)
    waiting = []
    for tenant, slug in _tenants(warehouse).items():
        try:
            before, newest = due_version(warehouse, tenant, keyring)
        except EarshotError as error:
            advice = "bring the ring of the machine on which `earshot keys add` was called, or its backup"
            yield problem("keys", f"nothing can be computed here: {error}", advice, slug)
        else:
            waiting += [slug] if newest != before else []
    if waiting:
        meaning = f"a newer version waits in the ring for {name_some(waiting)}"
        yield warning("keys", meaning, "`earshot keys rotate`, once every machine has the ring; or the next night does")


def check_coverage(warehouse: Warehouse, now: datetime) -> Iterator[Finding]:
    """Days of each tenant that no run has judged, and tables of days that are stale."""
    tenants = _tenants(warehouse)
    if not tenants:
        yield warning("coverage", "there is no tenant yet", "docs/operators.md, 'A first tenant'; or `earshot demo`")
        return
    last = last_due(now)
    rows = read_coverage(warehouse, tenants, last)
    late = [row for row in rows if row["late_days"]]
    for row in late:
        span = f"--from {row['first_late']} --to {last}"
        yield problem(
            "coverage",
            f"{row['late_days']} day(s) up to {last} are not computed, the first is {row['first_late']}",
            f"`earshot status` says what failed; then `earshot backfill --tenant {row['slug']} {span}`",
            row["slug"],
        )
    empty = [row["slug"] for row in rows if row["computed_through"] is None]
    if empty:
        advice = "`earshot backfill --from DAY --to DAY` computes the days of what was imported"
        yield warning("coverage", f"nothing was ever computed for {name_some(empty)}", advice)
    if len(late) + len(empty) < len(rows):
        yield ok("coverage", f"{len(rows) - len(late) - len(empty)} tenant(s) have every day up to {last}")
    yield from _check_stale(warehouse, tenants, last)


def count_stale(warehouse: Warehouse, tenants: dict[UUID, str], last: date) -> Counter[tuple[str, str]]:
    """How many lines of the ledger of the last weeks are stale, by tenant (slug) and reason (docs/lineage.md)."""
    from assets.lineage import read_stale

    found = read_stale(warehouse.read, list(tenants), last - LOOKED_BACK, last)
    return Counter(
        (tenants[UUID(bytes=tenant)], reason) for tenant, reason in found.select("tenant_id", "reason").iter_rows()
    )


def _check_stale(warehouse: Warehouse, tenants: dict[UUID, str], last: date) -> Iterator[Finding]:
    lines: Counter[str] = Counter()
    for (slug, _reason), count in count_stale(warehouse, tenants, last).items():
        lines[slug] += count
    for slug, count in sorted(lines.items()):
        meaning = f"{count} table(s) of days are older than what they were made of"
        yield warning("stale", meaning, "the sensor late_rows computes them; `earshot heal` does at once", slug)
    if not lines:
        yield ok("stale", "no table of a day is older than what it was made of")


def check_failures(warehouse: Warehouse) -> Iterator[Finding]:
    """Work that failed for one tenant and was not done since, and failed checks."""
    found: dict[str, list[str]] = {}
    for row in warehouse.rows("read_open_failures"):
        found.setdefault(row["tenant"], []).append(f"{row['stage']} {row['subjects']}")
    for slug, what in found.items():
        yield problem("failures", name_some(what), "`earshot status` says why, and what to do", slug)
    if not found:
        yield ok("failures", "nothing is open")


def check_entries(warehouse: Warehouse) -> Iterator[Finding]:
    """Raw rows that no number counts: of tenants that are not there, and of impossible times."""
    lines = strange_rows(warehouse)
    for line in lines:
        yield warning("entries", line, "docs/operators.md, 'What may be entered'")
    if not lines:
        yield ok("entries", "every raw row belongs to a tenant and a day")


def check_inclusions(warehouse: Warehouse, now: datetime) -> Iterator[Finding]:
    """Entries of inclusion lists that count no more, or soon will not."""
    from assets.methods.inclusions import lapsing_inclusions

    tenants = _tenants(warehouse)
    found = lapsing_inclusions(warehouse.read("read_ip_inclusions", tenants=list(tenants)), now.date())
    by_tenant: dict[str, list[tuple[int, str]]] = {}
    for tenant, network, left in found.select("tenant_id", "network", "days_left").iter_rows():
        by_tenant.setdefault(tenants[UUID(bytes=tenant)], []).append((left, network))
    advice = "look at the network again, then set ip_inclusions.validated_at (docs/operators.md, 'Checks')"
    for slug, entries in sorted(by_tenant.items()):
        lapsed = [network for left, network in sorted(entries) if left < 0]
        soon = [network for left, network in sorted(entries) if left >= 0]
        if lapsed:
            yield warning("inclusion list", f"lapsed, and counts no more: {name_some(lapsed)}", advice, slug)
        if soon:
            yield warning("inclusion list", f"lapses within two weeks: {name_some(soon)}", advice, slug)
    if not by_tenant:
        yield ok("inclusion list", "no entry has lapsed, or soon will")


def read_late_erasures(warehouse: Warehouse, tenants: Iterable[UUID], now: datetime) -> list[dict[str, Any]]:
    """Requests of erasure that have waited for more than a day, the oldest first; without whom."""
    rows = warehouse.rows("read_erasure_requests", tenants=list(tenants))
    return [row for row in rows if row["state"] == "waiting" and now - row["requested_at"] > LATE_ERASURE]


def check_erasures(warehouse: Warehouse, now: datetime) -> Iterator[Finding]:
    """Requests of erasure that no upkeep has carried out."""
    late = read_late_erasures(warehouse, _tenants(warehouse), now)
    for row in late:
        meaning = (
            f"request {row['request_id'].hex[:8]} waits since {row['requested_at']:%Y-%m-%d %H:%M} UTC: "
            f"{row['error'] or 'nothing has tried it'}"
        )
        yield problem("erasures", meaning, "docs/runbook.md, 'A late erasure'", row["tenant"])
    if not late:
        yield ok("erasures", "none has waited for more than a day")


def check_automation(settings: Settings, now: datetime) -> Iterator[Finding]:
    """The daemon, and schedules and sensors that were stopped or fail."""
    url = runtime.history_url(settings)
    if url is None:
        advice = "set DAGSTER_POSTGRES_URL, or `earshot db up` for the private server"
        yield problem("history", "Dagster's history is not configured: nothing runs by itself", advice)
        return
    try:
        history = read_history(url, settings.limits)
        automation = read_automation(url, settings.limits)
    except EarshotError as error:
        yield problem("history", f"Dagster's history: {error}", "`earshot db up`, or look at DAGSTER_POSTGRES_URL")
        return
    yield ok("history", f"it answers; {len(history.runs)} run(s) are open")
    if history.daemon_runs(now):
        yield ok("daemon", "it runs")
    else:
        seen = f"{history.daemon_seen:%Y-%m-%d %H:%M} UTC" if history.daemon_seen else "never"
        yield problem("daemon", f"it does not run (last seen: {seen}): nothing is done by itself", "`earshot ui`")
    for name, kind in automation.stopped:
        verb = f'`eval "$(earshot db env)"; dagster {kind} start {name} -w workspace.yaml`'
        yield warning("schedules", f"the {kind} {name} was stopped by a person", f"{verb}, or its switch in the UI")
    for tick in automation.failed:
        advice = "`earshot status`; its page in the UI (Automation) has the whole error"
        yield problem("schedules", f"{tick.name} failed at {tick.at:%Y-%m-%d %H:%M} UTC: {tick.reason}", advice)
    if not automation.stopped and not automation.failed:
        yield ok("schedules", "none was stopped, and the last look of none failed")


def _tenants(warehouse: Warehouse) -> dict[UUID, str]:
    return {row["tenant_id"]: row["slug"] for row in warehouse.rows("read_tenants")}
