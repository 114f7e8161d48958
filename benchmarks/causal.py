"""Causal: what ads caused, by the simulator's own book, beside what attribution credits them with and a holdout finds.

Here: `python -m benchmarks.causal` invents a network several times, with more and more customers who would have bought
anyway, and prints both numbers per campaign.
Not here: the simulator (pipelines/demo), credit (assets/attribution), lift (assets/campaigns), a database.

Credit and cause differ by design. Credit goes to ads before a conversion, whether or not it would have come anyway; and
what an ad caused at an address that many share is matched to nobody.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl

from assets.attribution import build_paths, credit_shows
from assets.campaigns import relative_lift
from pipelines.demo import (
    DAY,
    TENANTS,
    UNKNOWN,
    Bools,
    History,
    Ints,
    SessionPlan,
    Tenant,
    histories,
    is_one_household,
    simulate,
    start_of,
    times,
)

UNTIL = date(2026, 3, 31)
SEED = 20260321

# How many times as many customers as in the demo buy without any ad.
BASELINES = (1, 10, 40)

Row = dict[str, object]


def with_baseline(tenant: Tenant, factor: float) -> Tenant:
    """The tenant with so many times as many customers who would have bought anyway."""
    return replace(tenant, sponsors=tuple(replace(each, baseline=each.baseline * factor) for each in tenant.sponsors))


def compare_credit(history: History) -> list[Row]:
    """One row per campaign: orders of its sponsor, those that its ads caused, and the linear credit of its ads."""
    campaigns = [each.campaign.slug for each in history.library.placed]
    sponsors = [each.campaign.sponsor for each in history.library.placed]
    names = [each.slug for each in history.library.tenant.sponsors]
    orders = pl.DataFrame(
        {
            "conversion_id": np.arange(len(history.order_at)),
            "converted_at": times(history.order_at),
            "sponsor_id": pl.Series(names).gather(history.order_sponsor),
            "household_key": np.where(is_one_household(history.order_address), history.order_address, UNKNOWN),
        }
    ).with_columns(pl.col("household_key").replace(UNKNOWN, None))
    ads = pl.DataFrame(
        {
            "exposure_id": np.arange(len(history.heard_at)),
            "occurred_at": times(history.heard_at),
            "placement_id": history.heard_placement,
            "sponsor_id": pl.Series(sponsors).gather(history.heard_placement),
            "campaign_id": pl.Series(campaigns).gather(history.heard_placement),
            "household_key": history.heard_address,
        }
    ).filter(is_one_household(history.heard_address))
    credit = credit_shows(build_paths(orders, ads), ["linear"])
    credited = dict(credit.group_by("campaign_id").agg(pl.col("credit").sum()).iter_rows())
    causes = np.array([*campaigns, ""])[history.order_cause]
    return [
        {
            "campaign": each.name,
            "orders": int((history.order_sponsor == names.index(each.sponsor)).sum()),
            "caused": int((causes == each.slug).sum()),
            "credited": float(credited.get(each.slug, 0.0)),
        }
        for each in history.library.tenant.campaigns
    ]


def compare_lift(plan: SessionPlan, history: History) -> list[Row]:
    """One row per campaign with a holdout: the lift that the lot shows, and the one that the book knows of.

    Every household counts that fetched one of the campaign's shows during its flight, from its first download on, for
    as long as the campaign's window. The true lift compares the served households with themselves without its ads.
    """
    rows: list[Row] = []
    for number, campaign in enumerate(history.library.tenant.campaigns):
        if not campaign.holdout:
            continue
        placed = [each for each in history.library.placed if each.campaign.slug == campaign.slug]
        shows = [n for n, each in enumerate(history.library.tenant.shows) if each.slug in {p.spot.show for p in placed}]
        begin, end = start_of(placed[0].flight_start), start_of(placed[0].flight_end) + DAY
        inside = np.isin(history.fetched_show, shows) & (history.fetched_at >= begin) & (history.fetched_at < end)
        who, since = _first_of(
            history.fetched_address, history.fetched_at, inside & is_one_household(history.fetched_address)
        )
        sponsor = [each.slug for each in history.library.tenant.sponsors].index(campaign.sponsor)
        own = np.isin(history.order_cause, [each.number for each in placed])
        of_sponsor = history.order_sponsor == sponsor
        window = campaign.window_days * DAY
        ordered = _responded(history, who, since, window, of_sponsor)
        baseline = _responded(history, who, since, window, of_sponsor & ~own)
        out = plan.audience.withheld(who, np.full(len(who), number))
        lift = relative_lift(ordered[~out].sum(), (~out).sum(), ordered[out].sum(), out.sum())
        rows.append(
            {
                "campaign": campaign.name,
                "served": int((~out).sum()),
                "left out": int(out.sum()),
                "lift": lift,
                "true": float(ordered[~out].sum() / baseline[~out].sum() - 1),
            }
        )
    return rows


def _first_of(address: Ints, at: Ints, chosen: Bools) -> tuple[Ints, Ints]:
    """The distinct addresses among the chosen rows, and when each came first."""
    order = np.lexsort((at[chosen], address[chosen]))
    who, place = np.unique(address[chosen][order], return_index=True)
    return who, at[chosen][order][place]


def _responded(history: History, who: Ints, since: Ints, window: int, chosen: Bools) -> Bools:
    """Which households placed one of the chosen orders within the window."""
    address, at = history.order_address[chosen], history.order_at[chosen]
    place = np.minimum(np.searchsorted(who, address), len(who) - 1)
    within = (who[place] == address) & (at >= since[place]) & (at <= since[place] + window)
    found = np.zeros(len(who), dtype=np.bool_)
    found[place[within]] = True
    return found


def show_credit(factor: float, rows: Sequence[Row]) -> str:
    """For each campaign: its orders, those that its ads caused, and those credited to it."""
    lines = [
        f"\nCustomers who would have bought anyway: {factor:g} times those of the demo\n",
        "| campaign | orders | caused by its ads | credited to it | credited / caused |",
        "|---|---:|---:|---:|---:|",
    ]
    for row in rows:
        caused, credited = int(str(row["caused"])), float(str(row["credited"]))
        ratio = f"{credited / caused:.2f}" if caused else "-"
        lines.append(f"| {row['campaign']} | {row['orders']:,} | {caused:,} | {credited:,.0f} | {ratio} |")
    return "\n".join(lines)


def show_lift(factor: float, rows: Sequence[Row]) -> str:
    """One line for each campaign and strength: its measured lift beside the true one."""
    lines = []
    for row in rows:
        found = row["lift"]
        lift = f"{found.estimate:+.0%} ({found.lower:+.0%} to {found.upper:+.0%})" if found else "none"  # type: ignore[attr-defined]
        lines.append(
            f"| {row['campaign']}, {factor:g} times | {row['served']:,} | {row['left out']:,} | {lift} "
            f"| {row['true']:+.0%} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Run the benchmark of causal truth and print its tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--events", type=int, default=2_000_000, help="listener events of the network")
    chosen = parser.parse_args()
    lifts = ["\n| holdout | served | left out | lift by the lot | true lift |", "|---|---:|---:|---:|---:|"]
    for factor in BASELINES:
        tenants = tuple(with_baseline(tenant, factor) for tenant in TENANTS)
        simulation = simulate(SEED, chosen.events, UNTIL, tenants)
        found_histories = histories(simulation)
        print(show_credit(factor, [row for history in found_histories for row in compare_credit(history)]), flush=True)
        for plan, history in zip(simulation.plans, found_histories, strict=True):
            if found := compare_lift(plan, history):
                lifts.append(show_lift(factor, found))
    print("\n".join(lifts))


if __name__ == "__main__":
    main()
