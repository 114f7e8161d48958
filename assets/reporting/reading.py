"""Reading: everything that one tenant's reports for a period are made of, read as that tenant.

Here: which statements are read and as of which moment, for the gate, the subjects and the facts of each report.
Not here: how facts are made of results (gathering.py), the order of the steps (building.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

import polars as pl

from assets.listening.identity.key_versions import at_one_version, stored_version
from assets.reporting.correcting import Revisions, read_revisions
from assets.reporting.figures.agreed import with_codes, with_targets
from assets.reporting.figures.gathering import ReportContext, SoFar, gather
from assets.reporting.figures.growth import with_growth, with_last_ads
from assets.reporting.figures.periods import ReportPeriod
from assets.reporting.figures.subscriptions import Subject, Subscription, Tenant, read_subjects, read_subscriptions
from assets.reporting.figures.to_date import first_day_of, with_to_date
from assets.reporting.figures.together import Measuring, Together, grouped
from assets.reporting.figures.weekly_results import with_benchmarks, with_lift, with_model_totals
from assets.reporting.gate import Decision, decide, failed_checks, is_final
from reports.archive import Provenance, ReportKey
from reports.delivery import STOP_LINK_PLACEHOLDER
from reports.delivery.view_links import ViewLinks
from reports.facts.report_facts import Brand, ReportFacts
from sql.values import Reader, Window

# What is the same for all reports of a tenant on a period.
FOR_ALL = frozenset(
    {
        "read_check_results",
        "read_methodology_versions",
        "read_report_ledger",
        "read_report_revisions",
        "read_rules_versions",
    }
)


def cached_reader(read: Reader, cache: dict[str, pl.DataFrame]) -> Reader:
    """A reader that reads the statements of FOR_ALL once. cache: what was read; several readers may share it."""

    def read_once(name: str, /, **params: object) -> pl.DataFrame:
        if name not in FOR_ALL:
            return read(name, **params)
        key = repr((name, sorted(params.items())))
        found = cache.get(key)
        if found is None:
            found = cache[key] = read(name, **params)
        return found

    return read_once


@dataclass(frozen=True, slots=True)
class ReportReader:
    """What reads the reports of one tenant and period.

    read: as the tenant; assets: the tables that each day must have; view_links: where reports are shown.
    """

    read: Reader
    tenant: Tenant
    period: ReportPeriod
    assets: Sequence[str]
    provenance: Provenance
    view_links: ViewLinks | None = None

    def subscriptions(self) -> list[Subscription]:
        return read_subscriptions(self.read, self.tenant.tenant_id, self.period.cadence)

    def subjects(self, subscriptions: Sequence[Subscription]) -> list[Subject]:
        """What the report of each of the subscriptions is about."""
        topics = [each.topic for each in subscriptions]
        return read_subjects(self.read, self.tenant.tenant_id, topics, self.period, self.provenance.as_of)

    def decision(self) -> Decision:
        """Whether the tenant's reports for the period may go out."""
        days, tenants = _days(self.period.window), [self.tenant.tenant_id]
        return decide(
            self.period,
            self.read("read_report_ledger", **days, tenants=tenants),
            self.read("read_check_results", first_day=days["first"], last_day=days["last"], tenants=tenants),
            self.assets,
            self.tenant.lateness_hours,
            self.provenance.as_of,
            self.read("read_tenant_failures", tenants=tenants),
        )

    def revisions(self, subscription: UUID) -> Revisions | None:
        """What has been made of the subscription's report on the period; None: nothing yet."""
        return read_revisions(self.read, self.tenant.tenant_id, self.period).get(subscription)

    def key_version(self) -> int:
        """The version that the tenant's stored keys are of."""
        return stored_version(self.read, self.tenant.tenant_id)

    def facts(self, subject: Subject, key: ReportKey, together: Together | None = None) -> ReportFacts:
        """Everything that one report shows, as numbers. together: what is computed for several reports at once.

        Read again where the keys are rotated meanwhile. Raises PermanentError where that happens again and again.
        """

        def of(version: int) -> ReportFacts:
            fits = together is not None and together.key_version == version
            return self._facts(subject, key, together if fits else None)

        begun = together.key_version if together is not None else None
        return at_one_version(self.read, self.tenant.tenant_id, of, begun)

    def _facts(self, subject: Subject, key: ReportKey, together: Together | None) -> ReportFacts:
        found = together.results(key.subscription_id, self.measuring) if together else None
        if found is None:
            found = self.measuring().results({key.subscription_id: subject})[key.subscription_id]
        now, cumulative = found.now, found.so_far
        beside = found.beside
        so_far = SoFar(cumulative.shows, cumulative.each[self.period.window.end])
        facts = gather(subject, self.period, now, found.previous, so_far, beside.names, self._context(subject, key))
        facts = with_to_date(facts, cumulative, subject, self.period, found.last, now)
        facts = with_codes(facts, so_far.shows, beside.codes)
        facts = with_targets(facts, subject)
        network, sponsor = self.tenant.tenant_id.bytes, subject.sponsor_id
        facts = replace(facts, network_logo=beside.logos.get(network), sponsor_logo=beside.logos.get(sponsor))
        facts = with_growth(facts, cumulative.credited, first_day_of(subject, self.period))
        window = self.period.window
        facts = with_last_ads(facts, beside.last_ads, cumulative.credited, subject.campaigns, window.start, window.end)
        facts = with_lift(facts, subject, beside.lift)
        facts = with_model_totals(facts, subject, beside.data_driven)
        return with_benchmarks(facts, subject, beside.medians)

    def groups(self, subjects: Mapping[UUID, Subject], workers: int) -> list[list[UUID]]:
        """The subscriptions of these subjects in groups whose reports are computed together."""
        rows = self.read("read_campaign_sizes", **_days(self.period.window), tenants=[self.tenant.tenant_id])
        ads = {UUID(bytes=campaign): count for campaign, count in rows.iter_rows()}
        sizes = {key: sum(ads.get(each, 0) for each in subject.campaign_ids) for key, subject in subjects.items()}
        return list(grouped(sizes, workers))

    def measuring(self) -> Measuring:
        """By what the period's reports are measured.

        The period before, by what had been received as long after its end as this one's has been by as_of, if all of it
        was computed.
        """
        window = self.period.previous_window
        ledger = self.read("read_report_ledger", **_days(window), tenants=[self.tenant.tenant_id])
        needed = {(asset, day) for asset in self.assets for day in window.days()}
        return Measuring(
            self.read,
            self.tenant.tenant_id,
            self.period,
            self.period.as_of(self.tenant.lateness_hours, self.provenance.as_of),
            previous=not needed - set(ledger.select("asset", "day").iter_rows()),
        )

    def _context(self, subject: Subject, key: ReportKey) -> ReportContext:
        tenant, days, tenants = self.tenant, _days(self.period.window), [self.tenant.tenant_id]
        rules = self.read("read_rules_versions", **days, tenants=tenants)
        pages = self.read("read_methodology_versions", tenants=tenants)
        ledger = self.read("read_report_ledger", **days, tenants=tenants)
        checks = self.read("read_check_results", first_day=days["first"], last_day=days["last"], tenants=tenants)
        data_through: datetime = ledger["input_watermark"].max() or self.period.window.end  # type: ignore[assignment]
        return ReportContext(
            report_id=str(key.report_id),
            revision=key.revision,
            brand=Brand(
                tenant.brand_name,
                tenant.brand_color,
                tenant.timezone,
                tenant.locale,
                tenant.reply_to,
                tenant.subject_template,
            ),
            rules_version=", ".join(rules["rules_version"]) or "none",
            methodology=next(iter(pages["version"]), None),
            code_version=self.provenance.code_version,
            data_through=data_through,
            lateness_hours=tenant.lateness_hours,
            download_window=tenant.download_window,
            unsubscribe=STOP_LINK_PLACEHOLDER,
            view_online=self._view_online(key),
            fewest_households=tenant.fewest_households,
            # A report that leaves is final and has passed; a draft may not be, or not yet.
            is_final=is_final(self.period, ledger, self.assets, tenant.lateness_hours, self.provenance.as_of),
            failed_checks=failed_checks(self.period, checks),
        )

    def _view_online(self, key: ReportKey) -> str | None:
        links = self.view_links
        return links.link(self.tenant.tenant_id, key.report_id, self.provenance.as_of) if links else None


def _days(window: Window) -> dict[str, date]:
    """The UTC days that a window touches, as statements take them."""
    days = list(window.days())
    return {"first": days[0], "last": days[-1]}
