"""Money: the exact amount that each placement and episode is credited with, in whole minor units.

Here: net values (value less its adjustments), dated rates between currencies, and the split by largest remainder.
Not here: credits (models.py), ratios and intervals (campaigns/). No amount is ever a float once it is split.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal, localcontext
from fractions import Fraction
from math import ulp
from uuid import UUID

import polars as pl
from babel.numbers import get_currency_precision

from assets.frames import UTC_TIME, complete, whole_sum
from assets.grain import AD_IN_EPISODE, CAMPAIGN, CONVERSION
from sql.values import PermanentError, half_up

# Credits are doubles: a share of an amount is taken as exact to a millionth of a minor unit, so that 0.1 + 0.2 and 0.3
# are the same share and ties are broken by the show, not by the last bit.
SHARE_DIGITS = 6

# From here on a double does not hold an amount to a millionth of a unit, and from 10^16 on not to a unit: larger totals
# are split in whole numbers.
EXACT_FROM = 10**9

# A share is the fraction that it stands for, if there is one with such a denominator within its last bit: 0.1 + 0.2 is
# three tenths.
LARGEST_DENOMINATOR = 10**6

# An amount has 19 digits, a rate 38 at most.
MOST_DIGITS = 80

# Minor units of one amount in another currency. Entries are held to 10^12 (sql/functions/in_money_bounds.sql), which in
# a currency of smaller units are more; beyond 10^15 it is the rate that is wrong.
LARGEST_CONVERTED = 10**15

Rates = dict[tuple[date, str, str], Decimal]

# Frames made by hand may leave out the tenant, where there is only one.
ONE_TENANT = {"tenant_id": pl.lit("")}
NO_ADJUSTMENTS: dict[str, pl.DataType | type[pl.DataType]] = {
    "occurred_at": UTC_TIME,
    "value_minor": pl.Int64,
    "currency": pl.String,
}


def split_by_largest_remainder(
    frame: pl.DataFrame, total: str, share: str, group: Sequence[str], ties: Sequence[str]
) -> pl.Series:
    """Whole parts of each group's total in proportion to the shares, which sum to 1; the parts sum to the total.

    Each row gets its share rounded towards zero; the units left over go to the largest remainders, ties in the order of
    the columns `ties`. A negative total is split by its absolute value. Source: the method of Hamilton (1792).
    """
    indexed = frame.with_row_index("_row").sort(*group, *ties)
    is_large = pl.col(total).abs() >= EXACT_FROM
    large = indexed.filter(is_large)
    if large.height:
        small = indexed.filter(~is_large)
        parts = [_split_small(small, total, share, group), _split_large(large, total, share, group)]
        return pl.concat(parts).sort("_row").get_column("_part")
    return _split_small(indexed, total, share, group).sort("_row").get_column("_part")


def _split_small(indexed: pl.DataFrame, total: str, share: str, group: Sequence[str]) -> pl.DataFrame:
    """_row, _part of totals of which a double holds every millionth."""
    exact = (pl.col(total).abs() * pl.col(share)).round(SHARE_DIGITS)
    return (
        indexed.with_columns(_whole=exact.floor().cast(pl.Int64), _rest=exact - exact.floor())
        .with_columns(_left=pl.col(total).abs() - pl.col("_whole").sum().over(group))
        .with_columns(_place=pl.col("_rest").round(SHARE_DIGITS).rank("ordinal", descending=True).over(group))
        .with_columns(
            _part=(pl.col("_whole") + (pl.col("_place") <= pl.col("_left")).cast(pl.Int64)) * pl.col(total).sign()
        )
        .select("_row", pl.col("_part").cast(pl.Int64))
    )


def _split_large(indexed: pl.DataFrame, total: str, share: str, group: Sequence[str]) -> pl.DataFrame:
    """The same in fractions, whose sum is what the shares are parts of: it misses 1 by their last bits."""
    rows: list[tuple[int, int]] = []
    for part in indexed.partition_by(*group, maintain_order=True):
        whole = int(part[total][0])
        shares = [_fraction(each) for each in part[share]]
        together = sum(shares)
        exact = [abs(whole) * each / together for each in shares]
        units = [int(each) for each in exact]
        rests = [round((each - unit) * 10**SHARE_DIGITS) for each, unit in zip(exact, units, strict=True)]
        first = sorted(range(len(rests)), key=lambda place: (-rests[place], place))
        for place in first[: abs(whole) - sum(units)]:
            units[place] += 1
        rows += zip(part["_row"], (unit if whole >= 0 else -unit for unit in units), strict=True)
    return pl.DataFrame(rows, schema={"_row": indexed.schema["_row"], "_part": pl.Int64}, orient="row")


def _fraction(share: float) -> Fraction:
    exact = Fraction(share)
    near = exact.limit_denominator(LARGEST_DENOMINATOR)
    return near if abs(near - exact) <= ulp(share) else exact


def attribute_money(
    credited: pl.DataFrame,
    conversions: pl.DataFrame,
    adjustments: pl.DataFrame | None,
    campaigns: pl.DataFrame,
    rates: Rates,
    as_of: datetime,
) -> pl.DataFrame:
    """The credits with revenue_minor, in the currency of each row's campaign.

    credited:    tenant_id, model, conversion_id, placement_id, episode_id, campaign_id, credit; all of a conversion's
                 credits, those to the sponsor's other campaigns included
    conversions: tenant_id, conversion_id, day (may be left out where nothing is converted), value_minor, currency
    adjustments: tenant_id, conversion_id, occurred_at, value_minor, currency; None: nothing was taken back
    campaigns:   tenant_id, campaign_id, currency: those whose money is wanted; others share but need no rate
    rates:       of rates_of; {} where there is one currency
    as_of:       adjustments count that occurred before this moment
    returns:     credited with currency (the campaign's) and revenue_minor (null: the conversion has no value,
                 or the campaign is not among these)

    Per conversion, model and currency the net value is split by largest remainder, ties by placement, then episode, so
    that shows sum to the campaign and campaigns to the conversion. tenant_id may be left out of all frames alike.
    Raises PermanentError where a rate is missing, MissingColumnsError where a column is.
    """
    shares = ["model", "conversion_id", *AD_IN_EPISODE, "campaign_id", "credit"]
    credited = complete(credited, "credits", shares, ONE_TENANT)
    campaigns = complete(campaigns, "campaigns", ["campaign_id", "currency"], ONE_TENANT)
    net = net_values(conversions, adjustments, rates, as_of)
    with_currency = credited.drop("currency", "revenue_minor", strict=False).join(
        campaigns.select("tenant_id", "campaign_id", "currency"),
        on=CAMPAIGN,
        how="left",
        validate="m:1",
    )
    wanted = with_currency.select("tenant_id", "conversion_id", target="currency").drop_nulls().unique()
    priced = convert_values(wanted.join(net, on=CONVERSION, validate="m:1"), rates)
    split = with_currency.join(priced, on=CONVERSION, how="left").sort("model", "conversion_id", *AD_IN_EPISODE)
    valued = split.filter(pl.col("net_minor").is_not_null())
    group = ["tenant_id", "model", "conversion_id", "target"]
    parts = split_by_largest_remainder(valued, "net_minor", "credit", group, AD_IN_EPISODE)
    in_own_currency = valued.with_columns(revenue_minor=parts).filter(pl.col("currency") == pl.col("target"))
    key = ["tenant_id", "model", "conversion_id", *AD_IN_EPISODE]
    money = in_own_currency.select(*key, "revenue_minor")
    return with_currency.join(money, on=key, how="left", validate="1:1", nulls_equal=True).sort(key)


def net_values(
    conversions: pl.DataFrame, adjustments: pl.DataFrame | None, rates: Rates, as_of: datetime
) -> pl.DataFrame:
    """The value of each conversion that has one, less its adjustments before as_of, in its own currency.

    conversions, adjustments, rates: as in attribute_money
    returns: tenant_id, conversion_id, day, currency, value_minor, refunded_minor, net_minor (may be negative)
    """
    amounts = ["value_minor", "currency"]
    defaults = {**ONE_TENANT, "day": pl.lit(None, dtype=pl.Date)}
    conversions = complete(conversions, "conversions", ["conversion_id", *amounts], defaults)
    if adjustments is None:
        adjustments = (
            conversions.select(CONVERSION)
            .clear()
            .with_columns(pl.lit(None, dtype=dtype).alias(name) for name, dtype in NO_ADJUSTMENTS.items())
        )
    adjustments = complete(adjustments, "adjustments", ["conversion_id", "occurred_at", *amounts], ONE_TENANT)
    valued = conversions.filter(pl.col("value_minor").is_not_null()).select(
        *CONVERSION, "day", "currency", "value_minor"
    )
    taken_back = (
        adjustments.filter(pl.col("occurred_at") < as_of)
        .select(
            *CONVERSION, pl.col("occurred_at").dt.date().alias("day"), net_minor="value_minor", from_currency="currency"
        )
        .join(valued.select(*CONVERSION, target="currency"), on=CONVERSION, validate="m:1")
        .rename({"from_currency": "currency"})
        .pipe(convert_values, rates)
        .group_by(CONVERSION)
        .agg(refunded_minor=whole_sum(pl.col("net_minor")))
    )
    return valued.join(taken_back, on=CONVERSION, how="left", validate="1:1").with_columns(
        pl.col("refunded_minor").fill_null(0),
        net_minor=pl.col("value_minor") - pl.col("refunded_minor").fill_null(0),
    )


def convert_values(frame: pl.DataFrame, rates: Rates) -> pl.DataFrame:
    """net_minor of each row from its currency into its target, at the rate of its day, half-up."""
    same = pl.col("currency") == pl.col("target")
    if frame.filter(~same).is_empty():
        return frame.drop("currency")
    foreign = frame.filter(~same)
    rows = foreign.select("tenant_id", "day", "currency", "target", "net_minor").iter_rows()
    converted = [_convert(amount, day, base, quote, rates, tenant) for tenant, day, base, quote, amount in rows]
    there = foreign.with_columns(net_minor=pl.Series(converted, dtype=pl.Int64))
    return pl.concat([frame.filter(same), there]).drop("currency")


def _convert(amount: int, day: date, base: str, quote: str, rates: Rates, tenant: object) -> int:
    rate = rates.get((day, base, quote))
    if rate is None:
        raise PermanentError(
            f"tenant {_named(tenant)} has an amount of {day} in {base} that counts in {quote}, and no rate "
            f"{base}/{quote} of that day: add it to fx_rates and run the day again"
        )
    digits = get_currency_precision(quote) - get_currency_precision(base)
    with localcontext(prec=MOST_DIGITS):
        converted = half_up(Decimal(amount) * rate * Decimal(10) ** digits)
    if abs(converted) > LARGEST_CONVERTED:
        raise PermanentError(
            f"tenant {_named(tenant)} has an amount of {day} that is {amount:,} minor units in {base} and would be "
            f"{converted:,} in {quote}: no more than {LARGEST_CONVERTED:,} can be counted. Correct it, or the rate "
            f"{base}/{quote} of that day in fx_rates, and run the day again"
        )
    return converted


def _named(tenant: object) -> object:
    return UUID(bytes=tenant) if isinstance(tenant, bytes) else tenant


def rates_of(frame: pl.DataFrame) -> Rates:
    """Rates by (day, base, quote): frame has day, base, quote, rate (text or decimal: units of quote for one base)."""
    return {(day, base, quote): Decimal(str(rate)) for day, base, quote, rate in frame.iter_rows()}
