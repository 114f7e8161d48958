"""Building: one sponsor report from start to finish: gate, facts, content, files, archive.

Here: the order of the steps, and what becomes of each report.
Not here: the steps themselves. A report that is frozen already is left alone, so building again is always safe.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

from assets.reporting.gate import Decision
from assets.reporting.periods import ReportPeriod
from assets.reporting.reading import ReportReader
from assets.reporting.subscriptions import Subject, Subscription, Tenant
from reports.archive import FinishedReport, Provenance, ReportKey, freeze, hold, state_of
from reports.compose import compose
from reports.content.facts import ReportFacts
from reports.content.report import ReportContent
from reports.delivery.view_links import ViewLinks
from reports.drawing.fonts import FontRegistry, font_registry
from reports.rendering.render import glyph_note, render, subject_line
from sql.failures import cause_of, is_explained, is_isolatable
from sql.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class BuiltReport:
    """What became of one report. state: frozen (now), kept (frozen or skipped before), held, skipped, not_running.

    reason: why, or what somebody should know. error: one that no message explains; the report is held, and somebody has
    to look at it.
    """

    tenant: str
    sponsor: str
    campaign: str
    state: str
    reason: str = ""
    mails: int = 0
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class ReportBuilder:
    """Builds the reports of any tenant and period.

    assets: the tables that each day must have; provenance: which code and run this is; view_base_url: where reports are
    shown, if at all; fonts_path: a folder of fonts for scripts that the bundled ones lack.
    """

    warehouse: Warehouse
    assets: Sequence[str]
    provenance: Provenance
    view_base_url: ViewLinks | None = None
    fonts_path: Path | None = None

    def build(
        self, tenant: Tenant, period: ReportPeriod, only: Sequence[UUID] = (), waits_for: str = ""
    ) -> Iterator[BuiltReport]:
        """Every report of one tenant for one period. only: campaigns to keep to; empty means all.

        waits_for: why none of them may go out now, besides what the gate finds.
        """
        with self.warehouse.as_tenant(tenant.tenant_id) as read:
            reader = ReportReader(read, tenant, period, self.assets, self.provenance, self.view_base_url)
            subscriptions = reader.subscriptions()
            if not subscriptions:
                return
            decision = reader.decision()
            if waits_for:
                decision = Decision((*decision.reasons, waits_for))
            for subscription in subscriptions:
                subject = None
                try:
                    subject = reader.subject(subscription)
                    if only and not set(only) & set(subject.campaign_ids):
                        continue
                    built = self._build_one(reader, subscription, subject, decision)
                except BaseException as error:
                    if not is_isolatable(error):
                        raise
                    built = self._hold_broken(reader, subscription, subject, error)
                yield built

    def _build_one(
        self, reader: ReportReader, subscription: Subscription, subject: Subject, decision: Decision
    ) -> BuiltReport:
        built = BuiltReport(reader.tenant.slug, subject.sponsor, subject.label, "not_running")
        if not subject.campaigns:
            return replace(built, reason="No campaign ran in this period, and no attribution window was open.")
        key = _key(reader, subscription)
        if state_of(self.warehouse, key) in ("frozen", "skipped"):
            return replace(built, state="kept")
        if not decision.is_open:
            hold(self.warehouse, key, decision.text, self.provenance)
            return replace(built, state="held", reason=decision.text)
        facts = reader.facts(subject, key)
        stopped = _stop_empty(facts, subscription.empty_policy)
        if stopped is not None:
            state, reason = stopped
            hold(self.warehouse, key, reason, self.provenance, state=state)
            return replace(built, state=state, reason=reason)
        content = compose(facts, subscription.locale)
        mails = freeze(self.warehouse, key, self._finish(facts, content, subscription), self.provenance)
        return replace(built, state="frozen", reason=glyph_note(content, self._fonts), mails=mails)

    @property
    def _fonts(self) -> FontRegistry:
        return font_registry(*([self.fonts_path] if self.fonts_path else []))

    def _finish(self, facts: ReportFacts, content: ReportContent, subscription: Subscription) -> FinishedReport:
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
            figures=facts.kept,
        )

    def _hold_broken(
        self, reader: ReportReader, subscription: Subscription, subject: Subject | None, error: BaseException
    ) -> BuiltReport:
        """One report that cannot be made must not take the others with it; it waits, with the reason."""
        reason = f"It could not be made: {cause_of(error)}"
        hold(self.warehouse, _key(reader, subscription), reason, self.provenance)
        label = subject.label if subject else "its campaigns"
        unexplained = None if is_explained(error) else error
        return BuiltReport(reader.tenant.slug, subscription.topic.sponsor, label, "held", reason, error=unexplained)


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
    return "held", "Nothing was delivered or converted. Set the subscription's empty_policy to send or skip to go on."


def count_states(built: Iterable[BuiltReport]) -> dict[str, int]:
    """How many reports ended in each state."""
    return dict(Counter(report.state for report in built))
