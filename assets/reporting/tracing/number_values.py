"""Number values: what each number of a report is, as an SQL expression over the report's raw rows.

Here: the definitions, written anew in SQL: they share no code with what made the report, thresholds aside.
Not here: the rows (sql/queries/explain_*.sql), where a report prints a number (numbers.py).

The expressions read the sets of rows ads, earned and spend, and the campaigns (chosen).
"""

from __future__ import annotations

from reports.thresholds import FEWEST_FOR_RATIOS, FEWEST_TO_MODEL, LEAST_USABLE_SHARE

DELIVERED = "(SELECT count(*) FROM ads)"
REACH = "(SELECT count(DISTINCT household_key) FROM ads)"
CONVERSIONS = "(SELECT coalesce(sum(credit), 0) FROM earned WHERE is_goal)"
SAMPLE = "(SELECT count(DISTINCT conversion_id) FROM earned WHERE is_goal)"
# Averages are over conversions whose value is known.
VALUED = "(SELECT coalesce(sum(credit), 0) FROM earned WHERE is_goal AND revenue_minor IS NOT NULL)"
# Without conversions revenue is 0; with conversions of which none has a value it is null.
REVENUE = "(SELECT CASE WHEN count(*) = 0 THEN 0 ELSE sum(revenue_minor) END FROM earned WHERE is_goal)"
SPEND = "(SELECT CASE WHEN count(*) = count(spend_minor) THEN sum(spend_minor) END FROM spend)"
MARGIN = "(SELECT CASE WHEN count(*) = count(margin) AND min(margin) = max(margin) THEN min(margin) END FROM chosen)"
DELIVERED_SO_FAR = """(
    SELECT sum(delivered_before + delivered)
    FROM (SELECT DISTINCT placement_id, delivered_before, delivered FROM spend) AS placements
)"""
BOOKED = """(
    SELECT CASE WHEN count(*) = count(booked_impressions) THEN sum(booked_impressions) END
    FROM (SELECT DISTINCT placement_id, booked_impressions FROM spend) AS placements
)"""
VISITS = "(SELECT coalesce(sum(credit), 0) FROM earned WHERE kind = 'visit')"
VISIT_SAMPLE = "(SELECT count(DISTINCT conversion_id) FROM earned WHERE kind = 'visit')"
LEADS = "(SELECT coalesce(sum(credit), 0) FROM earned WHERE kind = 'lead')"
LEAD_SAMPLE = "(SELECT count(DISTINCT conversion_id) FROM earned WHERE kind = 'lead')"
# Households that had been reached by an ad of the same span when they converted: those of REACH, and no others.
_REACHED = "EXISTS (SELECT FROM ads WHERE ads.household_key = earned.household_key AND occurred_at <= converted_at)"
RESPONDERS = f"(SELECT count(DISTINCT household_key) FROM earned WHERE is_goal AND {_REACHED})"  # noqa: S608
VISITORS = f"(SELECT count(DISTINCT household_key) FROM earned WHERE kind = 'visit' AND {_REACHED})"  # noqa: S608
USABLE_SHARE = "(SELECT count(*) FILTER (WHERE address_class = 'household')::numeric / nullif(count(*), 0) FROM ads)"
# Per placement, as if all its addresses responded like those of one household, where enough of them are.
MODELLED = f"""(
    SELECT CASE WHEN bool_or(can_model)
        THEN sum(credit * CASE WHEN can_model AND is_by_address THEN impressions::float8 / usable ELSE 1 END) END
    FROM (
        SELECT earned.*, ads.impressions, ads.usable,
            coalesce(
                ads.usable > 0
                AND ads.usable >= {LEAST_USABLE_SHARE} * ads.impressions
                AND matched.conversions >= {FEWEST_TO_MODEL},
                false
            ) AS can_model
        FROM earned
        LEFT JOIN (
            SELECT placement_id, count(*) AS impressions, count(*) FILTER (WHERE address_class = 'household') AS usable
            FROM ads GROUP BY placement_id
        ) AS ads ON earned.placement_id = ads.placement_id
        LEFT JOIN (
            SELECT placement_id, count(DISTINCT conversion_id) FILTER (WHERE is_by_address) AS conversions
            FROM earned WHERE is_goal GROUP BY placement_id
        ) AS matched ON earned.placement_id = matched.placement_id
        WHERE earned.is_goal
    ) AS modelled
)"""  # noqa: S608  (the two numbers are constants)


def over(part: str, whole: str) -> str:
    """A ratio; null where there is nothing to divide by."""
    return f"{part} / nullif({whole}::numeric, 0)"


def with_sample(value: str, sample: str = SAMPLE) -> str:
    """The value, or null below the number of conversions from which ratios are shown."""
    return f"CASE WHEN {sample} >= {FEWEST_FOR_RATIOS} THEN {value} END"


def rate(households: str) -> str:
    """Of those reached, shown from the fewest such households on."""
    return with_sample(over(households, REACH), households)


# Of one placement: what it did not earn is nothing where the campaign earned money, and what it did not cost is nothing
# where its price is known.
OF_ONE_PLACEMENT = {
    "revenue": "(SELECT CASE WHEN (SELECT count(*) = 0 OR count(revenue_minor) > 0 FROM earned_by_all WHERE is_goal) "
    "THEN coalesce(sum(revenue_minor), 0) END FROM earned WHERE is_goal)",
    "spend": "(SELECT CASE WHEN count(*) = count(spend_minor) THEN coalesce(sum(spend_minor), 0) END FROM spend)",
}
