"""Building: one sponsor report from start to finish: gate, facts, content, files, archive; and drafts of it before.

Here: the order of the steps, and what becomes of each report.
Not here: the steps themselves, for whom reports are built (making.py), what people decide (reports/steering.py).
A report that is frozen already is left alone, so building again is always safe.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from queue import SimpleQueue
from uuid import UUID

import polars as pl

from assets.reporting.correcting import Rule, why_correct
from assets.reporting.figures.periods import ReportPeriod
from assets.reporting.figures.subscriptions import Subject, Subscription, Tenant
from assets.reporting.figures.together import Together
from assets.reporting.gate import Decision
from assets.reporting.reading import ReportReader, cached_reader
from reports.archive import (
    FinishedReport,
    Provenance,
    ReportKey,
    ReportStatus,
    alert_of_empty,
    freeze,
    hold,
    mark_reviewed,
    propose,
    read_status,
    remind,
)
from reports.compose import compose
from reports.content.report import ReportContent
from reports.delivery.view_links import ViewLinks
from reports.drawing.fonts import FontRegistry, font_registry
from reports.facts.report_facts import ReportFacts
from reports.rendering.render import glyph_note, render, subject_line
from reports.steering import ReportId, withdraw
from sql.failures import cause_of, is_explained, is_isolatable
from sql.values import PermanentError
from sql.warehouse import Warehouse

# Why a report of an empty period is held under the policy notify; its owner gets an alert.
NOTHING_HAPPENED = "Nothing was delivered or converted. `earshot reports release` sends it all the same."


@dataclass(frozen=True, slots=True)
class BuiltReport:
    """What became of one report.

    state: frozen (now), waiting (for approval), kept (made or skipped before), held, pending (its data cannot be final
    yet), skipped, not_running. reason: why, or what somebody should know. error: one that no message explains; the
    report is held, and somebody has to look at it.
    """

    tenant: str
    sponsor: str
    campaign: str
    state: str
    reason: str = ""
    mails: int = 0
    error: BaseException | None = None
    report_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A report as it would leave now. key: of the report that it is a draft of; reason: why it may not leave; '' if it
    may."""

    key: ReportKey
    report: FinishedReport
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What is to become of a report. facts: of one that is to be made; ready_at: of one that lacks nothing but time."""

    built: BuiltReport
    facts: ReportFacts | None = None
    ready_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReportBuilder:
    """Builds the reports of any tenant and period.

    assets: the tables that each day must have; provenance: which code and run this is; view_links: where reports are
    shown, if at all; fonts_path: a folder of fonts for scripts that the bundled ones lack. dry_run: only say what would
    become of each report; nothing is kept. workers: how many groups of a tenant's reports are made at once.
    """

    warehouse: Warehouse
    assets: Sequence[str]
    provenance: Provenance
    view_links: ViewLinks | None = None
    fonts_path: Path | None = None
    dry_run: bool = False
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)

    def build(
        self,
        tenant: Tenant,
        period: ReportPeriod,
        only: Sequence[UUID] = (),
        waits_for: str = "",
        subscriptions: Sequence[UUID] | None = None,
    ) -> Iterator[BuiltReport]:
        """Every report of one tenant for one period. only: campaigns to keep to; empty means all.

        waits_for: why none of them may go out now, besides what the gate finds. subscriptions: to keep to; None: all.
        """
        with ExitStack() as opened:
            cache: dict[str, pl.DataFrame] = {}

            def reader() -> ReportReader:
                read = cached_reader(opened.enter_context(self.warehouse.as_tenant(tenant.tenant_id)), cache)
                return ReportReader(read, tenant, period, self.assets, self.provenance, self.view_links)

            first = reader()
            chosen = _chosen(first, subscriptions)
            if not chosen:
                return
            decision = first.decision()
            if waits_for:
                decision = Decision((*decision.reasons, waits_for))
            free: SimpleQueue[ReportReader] = SimpleQueue()
            subjects = dict(zip((each.subscription_id for each in chosen), first.subjects(chosen), strict=True))
            if only:
                subjects = {key: each for key, each in subjects.items() if set(only) & set(each.campaign_ids)}
                chosen = [each for each in chosen if each.subscription_id in subjects]
            of = {each.subscription_id: each for each in chosen}
            groups = first.groups({key: subjects[key] for key in of}, self.workers)
            workers = max(1, min(self.workers, len(groups)))
            for each in (first, *(reader() for _ in range(workers - 1))):
                free.put(each)

            def attempt(group: Sequence[UUID]) -> list[BuiltReport]:
                taken = free.get()
                try:
                    running = {key: subjects[key] for key in group if subjects[key].campaigns}
                    together = Together(running, taken.key_version())
                    return [self._attempt(taken, of[key], subjects[key], together, decision) for key in group]
                finally:
                    free.put(taken)

            # Threads: what takes time (Typst, Polars, the database) lets go of the interpreter meanwhile.
            with ThreadPoolExecutor(workers, "reports") as pool:
                for built in pool.map(attempt, groups):
                    yield from built

    def _attempt(
        self,
        reader: ReportReader,
        subscription: Subscription,
        subject: Subject,
        together: Together,
        decision: Decision,
    ) -> BuiltReport:
        """One report, whatever becomes of it."""
        try:
            return self._build_one(reader, subscription, subject, together, decision)
        except BaseException as error:
            if not is_isolatable(error):
                raise
            return self._hold_broken(reader, subscription, subject, error)

    def draft(self, tenant: Tenant, period: ReportPeriod, subscription_id: UUID) -> Draft | None:
        """The report of one subscription as it would leave now, whether it may or not; nothing is kept.

        None where no campaign of it ran in the period. Raises PermanentError for a subscription that is not there.
        """
        with self.warehouse.as_tenant(tenant.tenant_id) as read:
            reader = ReportReader(read, tenant, period, self.assets, self.provenance, self.view_links)
            chosen = _chosen(reader, [subscription_id])
            if not chosen:
                raise PermanentError(
                    f"There is no active {period.cadence} subscription {subscription_id} of {tenant.slug}; "
                    "`earshot reports subscriptions list` shows those that there are"
                )
            (subject,) = reader.subjects(chosen)
            if not subject.campaigns:
                return None
            key = _key(reader, chosen[0])
            status = read_status(self.warehouse, key)
            reason = "" if status.state == "frozen" else reader.decision().text
            finished, _ = self._finish(replace(reader.facts(subject, key), note=status.note), chosen[0])
            return Draft(key, finished, reason)

    def _build_one(
        self,
        reader: ReportReader,
        subscription: Subscription,
        subject: Subject,
        together: Together,
        decision: Decision,
    ) -> BuiltReport:
        key = _key(reader, subscription)
        verdict = self._judge(reader, subscription, subject, key, together, decision)
        built = verdict.built
        if built.state == "kept" and decision.is_open and not self.dry_run:
            return self._look_again(reader, subscription, subject, key, built)
        if self.dry_run or built.state in ("kept", "not_running"):
            return built
        if verdict.facts is None:
            hold(self.warehouse, key, built.reason, self.provenance, state=built.state, ready_at=verdict.ready_at)
            if built.reason == NOTHING_HAPPENED:
                alert_of_empty(self.warehouse, key, built.sponsor, built.reason, self.provenance)
            return built
        finished, printed = self._finish(verdict.facts, subscription)
        reason = " ".join(filter(None, (built.reason, printed)))
        if built.state == "waiting":
            propose(self.warehouse, key, finished, reason, self.provenance)
            return replace(built, reason=reason)
        return replace(built, reason=reason, mails=freeze(self.warehouse, key, finished, self.provenance))

    def _look_again(
        self, reader: ReportReader, subscription: Subscription, subject: Subject, key: ReportKey, built: BuiltReport
    ) -> BuiltReport:
        """Prepare a correction of a report whose days have changed beyond the tenant's rule; it waits for a person."""
        revisions = reader.revisions(subscription.subscription_id)
        if revisions and revisions.newest.state == "waiting" and revisions.newest.number > 1:
            waiting = replace(key, revision=revisions.newest.number)
            self._remind(waiting, read_status(self.warehouse, waiting))
        if revisions is None or not revisions.to_look_at:
            return built
        sent, newest = revisions.sent, revisions.newest
        key = replace(key, revision=revisions.next_number, restates=sent.report_id if sent else None)
        facts = reader.facts(subject, key)
        now = next(each.figures for each in reversed(facts.stored_figures) if each.span == "period")
        rule = Rule(reader.tenant.correction_share, reader.tenant.correction_conversions)
        why = why_correct(newest.figures, now, rule) if newest.figures else ["it was taken back"]
        as_of = reader.period.as_of(reader.tenant.lateness_hours, self.provenance.as_of)
        if why:
            facts = replace(facts, restates=revisions.corrected_by(now), note=read_status(self.warehouse, key).note)
            finished, printed = self._finish(facts, subscription)
            reason = (
                f"Corrected, because of {', '.join(why)}. `earshot reports approve {short(key.report_id)}` sends it."
            )
            reason = " ".join(filter(None, (reason, printed)))
            if newest.state == "waiting":
                withdraw(self.warehouse, ReportId(key.tenant_id, key.report_id), self.provenance.person)
            propose(self.warehouse, key, finished, reason, self.provenance)
            built = replace(built, state="waiting", reason=reason, report_id=key.report_id)
        mark_reviewed(self.warehouse, key, as_of)
        return built

    def _judge(
        self,
        reader: ReportReader,
        subscription: Subscription,
        subject: Subject,
        key: ReportKey,
        together: Together,
        decision: Decision,
    ) -> _Verdict:
        """What is to become of a report; with its facts if it is to be made."""
        built = BuiltReport(reader.tenant.slug, subject.sponsor, subject.label, "not_running", report_id=key.report_id)
        if not subject.campaigns:
            reason = "No campaign ran in this period, and no attribution window was open."
            return _Verdict(replace(built, reason=reason, report_id=None))
        status = read_status(self.warehouse, key)
        if status.state in ("frozen", "skipped", "waiting"):
            if status.state == "waiting" and not self.dry_run:
                self._remind(key, status)
            return _Verdict(replace(built, state="kept"))
        if status.stopped_by:
            reasons = (stopped_text(status), *decision.reasons)
            return _Verdict(replace(built, state="held", reason=" ".join(reasons)))
        if not decision.is_open:
            state = "held" if decision.ready_at is None else "pending"
            return _Verdict(replace(built, state=state, reason=decision.text), ready_at=decision.ready_at)
        facts = replace(reader.facts(subject, key, together), note=status.note)
        stopped = None if status.released_by else _stop_empty(facts, subscription.empty_policy)
        if stopped is not None:
            state, reason = stopped
            return _Verdict(replace(built, state=state, reason=reason))
        if subscription.needs_approval:
            reason = f"`earshot reports approve {short(key.report_id)}` sends it; `earshot reports preview` shows it."
            return _Verdict(replace(built, state="waiting", reason=reason), facts)
        return _Verdict(replace(built, state="frozen", mails=len(subscription.recipients)), facts)

    def _remind(self, key: ReportKey, status: ReportStatus) -> None:
        """Remind the owner of a report that waits for approval, after a day, three days, and every week."""
        days = (self.provenance.as_of - status.as_of).days if status.as_of else 0
        due = max((each for each in (1, 3, days // 7 * 7) if 0 < each <= days), default=0)
        if due and not status.stopped_by:
            remind(self.warehouse, key, due, status.subject or "", self.provenance)

    @property
    def _fonts(self) -> FontRegistry:
        return font_registry(*([self.fonts_path] if self.fonts_path else []))

    def _finish(self, facts: ReportFacts, subscription: Subscription) -> tuple[FinishedReport, str]:
        """The report, and what somebody should know of how it is printed."""
        content = compose(facts, subscription.locale)
        return self._print(content, facts, subscription), glyph_note(content, self._fonts)

    def _print(self, content: ReportContent, facts: ReportFacts, subscription: Subscription) -> FinishedReport:
        return FinishedReport(
            subject=subject_line(content),
            content=content.as_json(),
            content_hash=content.content_hash,
            files=render(content, self._fonts),
            recipients=subscription.recipients,
            input_watermark=facts.method.data_through,
            config={
                "model": facts.method.default_model,
                "window_days": [str(days) for days in facts.method.window_days],
                "config_version": facts.method.config_version,
                "rules_version": facts.method.rules_version,
                "methodology": facts.method.methodology,
                "locale": content.locale,
            },
            figures=facts.stored_figures,
        )

    def _hold_broken(
        self, reader: ReportReader, subscription: Subscription, subject: Subject, error: BaseException
    ) -> BuiltReport:
        """One report that cannot be made must not take the others with it; it waits, with the reason."""
        reason = f"It could not be made: {cause_of(error)}"
        if not self.dry_run:
            hold(self.warehouse, _key(reader, subscription), reason, self.provenance)
        unexplained = None if is_explained(error) else error
        sponsor = subscription.topic.sponsor
        return BuiltReport(reader.tenant.slug, sponsor, subject.label, "held", reason, error=unexplained)


def stopped_text(status: ReportStatus) -> str:
    """Who keeps a report from leaving, why, and how it goes on."""
    because = (status.stopped_because or "").rstrip(".")
    return f"{status.stopped_by} stopped it: {because}. `earshot reports release` lets it go."


def short(report_id: UUID) -> str:
    """The beginning of an id, which the commands take."""
    return report_id.hex[:8]


def _chosen(reader: ReportReader, wanted: Sequence[UUID] | None) -> list[Subscription]:
    return [each for each in reader.subscriptions() if wanted is None or each.subscription_id in wanted]


def _key(reader: ReportReader, subscription: Subscription) -> ReportKey:
    topic, period = subscription.topic, reader.period
    return ReportKey(
        tenant_id=reader.tenant.tenant_id,
        subscription_id=subscription.subscription_id,
        sponsor_id=topic.sponsor_id,
        campaign_id=topic.campaign_id,
        cadence=period.cadence,
        first=period.first,
        last=period.last,
        timezone=period.timezone,
    )


def _stop_empty(facts: ReportFacts, policy: str) -> tuple[str, str] | None:
    """What to do with a period in which nothing happened: nothing special, skip it, or hold it for a person."""
    if policy == "send" or facts.now.delivered or facts.now.sample:
        return None
    if policy == "skip":
        return "skipped", "Nothing was delivered or converted, and the subscription skips empty periods."
    return "held", NOTHING_HAPPENED


def count_states(built: Iterable[BuiltReport]) -> dict[str, int]:
    """How many reports ended in each state."""
    return dict(Counter(report.state for report in built))
