"""Building: one sponsor report from start to finish: gate, facts, content, files, archive.

Here: the order of the steps, and what is read for them, as the tenant whose report it is.
Not here: the steps themselves. A report that is frozen already is left alone, so building again is always safe.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import polars as pl

from assets.campaigns.period.reading import read_period
from assets.campaigns.period.summarising import PeriodResult, summarise
from assets.reporting.gate import Decision, decide
from assets.reporting.gathering import Circumstances, Subject, gather
from assets.reporting.periods import ReportPeriod
from assets.reporting.weekly_results import with_benchmarks, with_learnt, with_lift
from reports.archive import Frozen, Made, ReportKey, freeze, hold, state_of
from reports.compose import compose
from reports.content.facts import Brand, ReportFacts
from reports.delivery import STOP_LINK_PLACEHOLDER
from reports.drawing.fonts import shelf
from reports.rendering.render import render, subject_line
from sql.failures import cause_of, is_explained, may_be_one_tenants
from sql.values import Reader, Window
from sql.warehouse import Warehouse

CADENCE_WORDS = {"weekly": "weekly", "monthly": "monthly", "end_of_campaign": "final"}

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Built:
    """What became of one report. state: frozen (now), kept (frozen or skipped before), held, skipped, not_running."""

    tenant: str
    sponsor: str
    campaign: str
    state: str
    reason: str = ""
    mails: int = 0
    # What nobody has thought of: the report is held, and somebody has to look at it.
    error: BaseException | None = None


@dataclass(frozen=True, slots=True)
class Workshop:
    """What building needs: the warehouse, which tables a day must have, which code this is, where reports are shown.

    fonts_path: a folder of fonts for scripts that the bundled ones lack.
    """

    warehouse: Warehouse
    assets: Sequence[str]
    made: Made
    view_base_url: str | None = None
    fonts_path: Path | None = None


def build_reports(
    shop: Workshop, tenant: Row, period: ReportPeriod, only: Sequence[UUID] = (), waits_for: str = ""
) -> Iterator[Built]:
    """Every report of one tenant for one period. only: campaigns to keep to; empty means all.

    waits_for: why none of them may go out now, besides what the gate finds.
    """
    tenant_id = UUID(bytes=tenant["tenant_id"])
    with shop.warehouse.as_tenant(tenant_id) as read:
        subscriptions = read("read_report_subscriptions", cadence=period.cadence, tenants=[tenant_id])
        if subscriptions.is_empty():
            return
        gate = _gate(read, shop, tenant, period)
        if waits_for:
            gate = Decision((*gate.reasons, waits_for))
        for subscription in subscriptions.iter_rows(named=True):
            subject = None
            try:
                subject = read_subject(read, tenant_id, subscription, period, shop.made.as_of)
                if only and not _concerns(subject, only):
                    continue
                built = _build(read, shop, tenant, period, subscription, subject, gate)
            except BaseException as error:
                if not may_be_one_tenants(error):
                    raise
                label = _label(subject) if subject else "its campaigns"
                built = _hold_broken(shop, tenant, period, subscription, label, error)
            yield built


def _hold_broken(
    shop: Workshop, tenant: Row, period: ReportPeriod, subscription: Row, label: str, error: BaseException
) -> Built:
    """One report that cannot be made must not take the others with it; it waits, with the reason."""
    reason = f"It could not be made: {cause_of(error)}"
    hold(shop.warehouse, _key(tenant, period, subscription), reason, shop.made)
    unexplained = None if is_explained(error) else error
    return Built(tenant["slug"], subscription["sponsor"], label, "held", reason, error=unexplained)


def _concerns(subject: Subject, only: Sequence[UUID]) -> bool:
    wanted = {campaign.bytes for campaign in only}
    return any(campaign["campaign_id"] in wanted for campaign in subject.campaigns)


def _build(
    read: Reader,
    shop: Workshop,
    tenant: Row,
    period: ReportPeriod,
    subscription: Row,
    subject: Subject,
    gate: Decision,
) -> Built:
    built = Built(tenant["slug"], subject.sponsor, _label(subject), "not_running")
    if not subject.campaigns:
        return replace(built, reason="No campaign ran in this period, and no attribution window was open.")
    key = _key(tenant, period, subscription)
    if state_of(shop.warehouse, key) in ("frozen", "skipped"):
        return replace(built, state="kept")
    if not gate.is_open:
        hold(shop.warehouse, key, gate.words, shop.made)
        return replace(built, state="held", reason=gate.words)
    facts = _facts(read, shop, tenant, period, subscription, subject, key)
    quiet = _quiet(facts, subscription["empty_policy"])
    if quiet is not None:
        state, reason = quiet
        hold(shop.warehouse, key, reason, shop.made, state=state)
        return replace(built, state=state, reason=reason)
    mails = freeze(shop.warehouse, key, _frozen(facts, subscription, shop.fonts_path), shop.made)
    return replace(built, state="frozen", mails=mails)


def _label(subject: Subject) -> str:
    return "all campaigns" if subject.is_portfolio else ", ".join(str(row["name"]) for row in subject.campaigns)


def _quiet(facts: ReportFacts, policy: str) -> tuple[str, str] | None:
    """What to do with a period in which nothing happened: nothing special, skip it, or hold it for a person."""
    if policy == "send" or facts.now.delivered or facts.now.sample:
        return None
    if policy == "skip":
        return "skipped", "Nothing was delivered or converted, and the subscription skips empty periods."
    return "held", "Nothing was delivered or converted. Set the subscription's empty_policy to send or skip to go on."


def _frozen(facts: ReportFacts, subscription: Row, fonts_path: Path | None) -> Frozen:
    content = compose(facts, subscription["locale"])
    return Frozen(
        subject=subject_line(content),
        content=content.as_json(),
        content_hash=content.content_hash,
        artefacts=render(content, shelf(*([fonts_path] if fonts_path else []))),
        recipients=subscription["recipients"],
        input_watermark=facts.method.data_through,
        config={
            "model": facts.method.default_model,
            "window_days": [str(days) for days in facts.method.window_days],
            "config_version": facts.method.config_version,
            "rules_version": facts.method.rules_version,
            "methodology": facts.method.methodology,
            "locale": content.locale,
        },
    )


def _facts(
    read: Reader,
    shop: Workshop,
    tenant: Row,
    period: ReportPeriod,
    subscription: Row,
    subject: Subject,
    key: ReportKey,
) -> ReportFacts:
    as_of = known_at(period, tenant["lateness_hours"], shop.made.as_of)
    tenant_id, zone = UUID(bytes=tenant["tenant_id"]), tenant["timezone"]
    ids = [UUID(bytes=row["campaign_id"]) for row in subject.campaigns]
    now = summarise(read_period(read, tenant_id, ids, period.window, zone, as_of))
    previous = _previous(read, shop, tenant, period, subject, as_of)
    placements = now.shows["placement_id"].unique()
    names = read("read_report_names", tenants=[tenant_id], placements=[UUID(bytes=each) for each in placements.sort()])
    rules = read("read_rules_versions", **_days(period.window), tenants=[tenant_id])
    pages = read("read_methodology_versions", tenants=[tenant_id])
    ledger = read("read_report_ledger", **_days(period.window), tenants=[tenant_id])
    seen: datetime = ledger["input_watermark"].max() or period.window.end  # type: ignore[assignment]
    told = Circumstances(
        report_id=str(key.report_id),
        revision=key.revision,
        brand=Brand(tenant["brand_name"], tenant["brand_color"], zone, tenant["locale"], tenant["reply_to"]),
        reason=_reason(tenant, period, subject),
        rules_version=", ".join(rules["rules_version"]) or "none",
        methodology=next(iter(pages["version"]), None),
        code_version=shop.made.code_version,
        data_through=seen,
        lateness_hours=tenant["lateness_hours"],
        download_window=tenant["download_window"],
        unsubscribe=STOP_LINK_PLACEHOLDER,
        view_online=f"{shop.view_base_url.rstrip('/')}/{key.report_id}" if shop.view_base_url else None,
        fewest_households=tenant["k_delivery"],
    )
    facts = gather(subject, period, now, previous, names, told)
    sundays = {"first": period.first, "last": period.last, "tenants": [tenant_id], "campaigns": ids}
    facts = with_lift(facts, subject, read("read_lift_result", **sundays))
    facts = with_learnt(facts, subject, read("read_learnt_results", **sundays))
    return with_benchmarks(facts, subject, read("read_campaign_benchmarks", **sundays))


def _previous(
    read: Reader, shop: Workshop, tenant: Row, period: ReportPeriod, subject: Subject, as_of: datetime
) -> PeriodResult | None:
    """The period before, as it was known as long after its end as this one is now; None if it was not all computed."""
    window = period.previous_window
    if min(row["starts_on"] for row in subject.campaigns) > period.previous_last:
        return None
    tenant_id = UUID(bytes=tenant["tenant_id"])
    ledger = read("read_report_ledger", **_days(window), tenants=[tenant_id])
    wanted = {(asset, day) for asset in shop.assets for day in window.days()}
    if wanted - set(ledger.select("asset", "day").iter_rows()):
        return None
    then = window.end + (as_of - period.window.end)
    begun = [row for row in subject.campaigns if row["starts_on"] <= period.previous_last]
    ids = [UUID(bytes=row["campaign_id"]) for row in begun]
    return summarise(read_period(read, tenant_id, ids, window, tenant["timezone"], then, then))


def known_at(period: ReportPeriod, lateness_hours: int, clock: datetime) -> datetime:
    """The moment as of which a report speaks: the last local midnight, at the earliest when the period was final.

    The whole day gives the same moment, so that building twice gives the same report.
    """
    zone = ZoneInfo(period.timezone)
    midnight = datetime.combine(clock.astimezone(zone).date(), time.min, zone).astimezone(UTC)
    return max(midnight, period.final_at(lateness_hours))


def _gate(read: Reader, shop: Workshop, tenant: Row, period: ReportPeriod) -> Decision:
    tenants = [UUID(bytes=tenant["tenant_id"])]
    days = _days(period.window)
    checks = read("read_check_results", first_day=days["first"], last_day=days["last"], tenants=tenants)
    ledger = read("read_report_ledger", **days, tenants=tenants)
    failures = read("read_tenant_failures", tenants=tenants)
    return decide(period, ledger, checks, shop.assets, tenant["lateness_hours"], shop.made.as_of, failures)


def _days(window: Window) -> dict[str, Any]:
    days = list(window.days())
    return {"first": days[0], "last": days[-1]}


def read_subject(read: Reader, tenant_id: UUID, subscription: Row, period: ReportPeriod, as_of: datetime) -> Subject:
    """The subscription's campaigns that ran in the period, or whose attribution windows were open in it."""
    campaigns = read(
        "read_report_campaigns", tenants=[tenant_id], sponsor=UUID(bytes=subscription["sponsor_id"]), as_of=as_of
    )
    answering = pl.col("ends_on") + pl.duration(days=pl.col("window_days").ceil().cast(pl.Int64))
    running = campaigns.filter((pl.col("starts_on") <= period.last) & (answering >= period.first))
    if subscription["campaign_id"] is not None:
        running = running.filter(pl.col("campaign_id") == subscription["campaign_id"])
    return Subject(
        subscription["sponsor"], subscription["sponsor_id"], running.to_dicts(), subscription["campaign_id"] is None
    )


def _key(tenant: Row, period: ReportPeriod, subscription: Row) -> ReportKey:
    campaign = subscription["campaign_id"]
    return ReportKey(
        UUID(bytes=tenant["tenant_id"]),
        UUID(bytes=subscription["subscription_id"]),
        UUID(bytes=subscription["sponsor_id"]),
        UUID(bytes=campaign) if campaign else None,
        period.cadence,
        period.first,
        period.last,
        period.timezone,
    )


def _reason(tenant: Row, period: ReportPeriod, subject: Subject) -> str:
    what = "your campaigns" if subject.is_portfolio else f"your campaign {subject.campaigns[0]['name']}"
    return (
        f"You get this {CADENCE_WORDS[period.cadence]} report because {subject.sponsor} runs {what} "
        f"with {tenant['brand_name']} and named this address for it."
    )


def count_states(built: Iterable[Built]) -> dict[str, int]:
    """How many reports ended in each state."""
    counts: dict[str, int] = {}
    for report in built:
        counts[report.state] = counts.get(report.state, 0) + 1
    return counts
