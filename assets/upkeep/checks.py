"""Checks: does a day hold what it promises, tenant by tenant?

Here: the names of the checks, their statements, and the pure judgement of what they return.
What makes a table older than what it was made of is in assets/lineage.py.
Not here: writing the results down and showing them (assets.py).

A check never stops a run: the good tenants' reports go out, the bad ones' are held by the gate that reads the results.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from uuid import UUID

from assets.lineage import read_stale
from assets.steps import DAILY_ASSETS
from sql.failures import bisect_failures, cause_of
from sql.values import Reader, Window

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, slots=True)
class Check:
    """name in check_results; the asset that it is about; what holds when it passes; the parameters of its statement."""

    name: str
    asset: str
    promise: str
    parameters: tuple[str, ...]


SPAN = ("start", "end", "tenants")
DAY = ("day", "tenants")
BOTH = ("start", "end", "day", "tenants")


# The first few cases of an offence, which the statements put into one text.
CASES_NAMED = 3

# Each is a statement of sql/queries that returns tenant_id, the number of offences, and the first cases as text.
CHECKS = (
    Check("dispositions_sum", "request_dispositions", "Dispositions sum to the raw rows of the day.", BOTH),
    Check(
        "rows_plausible",
        "request_dispositions",
        "No raw row of the day has a time, an amount or a number outside the bounds of an entry.",
        SPAN,
    ),
    Check("downloads_agree", "downloads", "One download per counted request, of an episode that exists.", BOTH),
    Check("exposures_in_downloads", "ad_exposures", "Every ad delivered lies inside a counted download.", SPAN),
    Check(
        "credits_sum",
        "attribution_credits",
        "Credits of each matched conversion sum to 1 in every model, and no other conversion has any.",
        (*BOTH, "models"),
    ),
    Check("touches_in_window", "attribution_credits", "Every touch lies inside its campaign's window.", BOTH),
    Check("touches_match", "attribution_credits", "Every touch is one of its conversion's sponsor.", BOTH),
    Check(
        "reach_bounds",
        "campaign_reach",
        "A campaign reaches no more than its placements together, and no less than each of them.",
        DAY,
    ),
    Check(
        "money_sums",
        "campaign_roi",
        "Each model gives a sponsor the revenue of its attributed conversions, to the minor unit.",
        ("end", "day", "tenants"),
    ),
    Check("intervals_hold", "campaign_roi", "Every result lies inside its interval.", DAY),
    Check("totals_sum", "model_totals", "Totals of placements sum to the attributed conversions.", DAY),
    Check("ledger_covers", "campaign_roi", "Every table of the day is in the ledger.", (*DAY, "assets")),
    Check("ledger_fresh", "campaign_roi", "No table of the day is older than the tables it was made of.", DAY),
)


def compute_checks(read: Reader, window: Window, tenants: Sequence[UUID]) -> dict[str, pl.DataFrame]:
    """check_results of one UTC day, without run_id: every check of everything that is computed for the day."""
    return {"check_results": run_checks(read, window, tenants, DAILY_ASSETS)}


def run_checks(
    read: Reader,
    window: Window,
    tenants: Sequence[UUID],
    assets: Sequence[str],
    checks: Sequence[Check] = CHECKS,
) -> pl.DataFrame:
    """tenant_id, day, check_name, passed, detail, checked_at: one row per tenant and check.

    A check that cannot be made for a tenant has failed for it, with the cause.
    """
    import polars as pl

    from assets.frames import UTC_TIME

    results = [_run_check(read, check, window, tenants, assets) for check in checks]
    return pl.concat(results).with_columns(day=pl.lit(window.day), checked_at=pl.lit(datetime.now(UTC), dtype=UTC_TIME))


def _run_check(
    read: Reader, check: Check, window: Window, tenants: Sequence[UUID], assets: Sequence[str]
) -> pl.DataFrame:
    """tenant_id, check_name, passed, detail."""
    import polars as pl

    from assets.attribution.models import MODELS

    broken: dict[UUID, BaseException] = {}

    def judge_some(some: Sequence[UUID]) -> pl.DataFrame:
        all_tenants = pl.DataFrame({"tenant_id": [tenant.bytes for tenant in some]}, schema={"tenant_id": pl.Binary})
        values = {
            "start": window.start,
            "end": window.end,
            "day": window.day,
            "tenants": list(some),
            "assets": list(assets),
            "models": list(MODELS),
        }
        return judge(all_tenants, _find_offences(read, check, values, assets), check)

    judged = list(bisect_failures(tenants, judge_some, broken.__setitem__))
    rows = [
        (tenant.bytes, check.name, False, f"the check could not be made: {cause_of(error)}")
        for tenant, error in broken.items()
    ]
    columns = {"tenant_id": pl.Binary, "check_name": pl.String, "passed": pl.Boolean, "detail": pl.String}
    return pl.concat([*judged, pl.DataFrame(rows, schema=columns, orient="row")])


def _find_offences(read: Reader, check: Check, values: Mapping[str, object], assets: Sequence[str]) -> pl.DataFrame:
    """tenant_id, offences, example: of the tenants that have any."""
    import polars as pl

    if check.name != "ledger_fresh":
        return read(f"check_{check.name}", **{name: values[name] for name in check.parameters})
    day, tenants = values["day"], values["tenants"]
    assert isinstance(day, date) and isinstance(tenants, list)  # noqa: S101, PT018
    stale = read_stale(read, tenants, day, day, assets, by_tables_only=True).filter(reason="older")
    named = pl.col("asset").unique().sort().head(CASES_NAMED).str.join("; ")
    return stale.group_by("tenant_id").agg(offences=pl.len().cast(pl.Int64), example=named)


def judge(all_tenants: pl.DataFrame, offences: pl.DataFrame, check: Check) -> pl.DataFrame:
    """tenant_id, check_name, passed, detail: a tenant passes that has no offence."""
    import polars as pl

    text = pl.format("{} offence(s): {}", pl.col("offences"), pl.col("example"))
    return all_tenants.join(offences, on="tenant_id", how="left", validate="1:1").select(
        "tenant_id",
        check_name=pl.lit(check.name),
        passed=pl.col("offences").fill_null(0) == 0,
        detail=pl.when(pl.col("offences").fill_null(0) == 0).then(pl.lit(check.promise)).otherwise(text),
    )
