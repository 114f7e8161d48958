"""Conversions: which signals of a sponsor add up to one conversion, when it happened, and what it was worth.

Here: merging the signals of an order, choosing time, value and keys, and the refunds that adjust a conversion later.
Not here: which ad led to it (matching.py, paths.py), keys from addresses (listening/identity/keys.py),
databases, Dagster.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from uuid import UUID

import polars as pl

from assets.attribution.money import Rates, convert_values
from assets.attribution.spellings import ORDER, clean_code, clean_order_id, shared_orders, without_orders
from assets.grain import CONVERSION, SPONSOR

# From the deepest in the funnel to the widest: an order's refunds and survey answers belong to its deepest conversion.
CONVERSION_KINDS = ("purchase", "trial", "install", "signup", "lead", "visit")

# How reliable a signal's value is: a server has what was paid, a browser may be blocked or repeat itself, a code shows
# only that it was used, and a survey answer rests on memory.
SIGNAL_RANK = {"server": 0, "pixel": 1, "promo_code": 2, "vanity_url": 2, "utm": 2, "survey": 3}

# The class of an address behind which is one household. The other classes are shared: an office, a phone network's
# gateway, a data centre, or (unknown) a relay.
USABLE_CLASS = "household"

SINGLE = [*SPONSOR, "kind", "order_id", "lone_event"]


def merge_conversions(events: pl.DataFrame) -> pl.DataFrame:
    """One row per (tenant, sponsor, kind, order id), or per event where there is no order id.

    events:  tenant_id, event_id, occurred_at (UTC), sponsor_id, campaign_id, placement_id, kind, signal, order_id,
             value_minor, currency, promo_code, household_key, listener_key, listener_id, address_class,
             is_new_customer; all signals of an order, whatever their day. Other kinds than conversions and survey
             answers are left out.
    returns: tenant_id, converted_at (the earliest signal), conversion_id, day (UTC), sponsor_id, campaign_id, kind,
             order_id, value_minor and currency (of the best signal that has a value), promo_codes (lower case, those
             of promo_code and vanity_url signals first), promo_code (the first of them), the count of each signal,
             household_key, listener_key and their address_class (of the best signal with a usable address, if
             any has one), listener_id, is_new_customer, survey_placement_id.

    The best signal is by SIGNAL_RANK, then the earliest, then the smallest id. A survey answer never makes a
    conversion: it joins the conversion of its order, or nothing. Order ids and codes are compared as spellings.py has
    them; an id that many households share stands for no order (recognise_orders).
    """
    is_survey = (pl.col("signal") == "survey") | (pl.col("kind") == "survey")
    ranked = drop_redelivered(recognise_orders(events)).with_columns(
        rank=pl.col("signal").replace_strict(SIGNAL_RANK, return_dtype=pl.Int8),
        lone_event=pl.when(pl.col("order_id").is_null()).then("event_id"),
    )
    signals = ranked.filter(~is_survey & pl.col("kind").is_in(CONVERSION_KINDS)).sort("rank", "occurred_at", "event_id")
    merged = signals.group_by(SINGLE, maintain_order=True).agg(*_choices(), *_counts())
    return (
        merged.with_columns(conversion_id=conversion_ids(merged), day=pl.col("converted_at").dt.date())
        .pipe(_join_survey, ranked.filter(is_survey & pl.col("order_id").is_not_null()))
        .drop("lone_event")
        .sort("tenant_id", "converted_at", "conversion_id")
    )


def recognise_orders(events: pl.DataFrame, shared: pl.DataFrame | None = None) -> pl.DataFrame:
    """The events with order_id as it is compared, and none where it stands for no order.

    events: of merge_conversions; all signals of each order
    shared: the ids that stand for no order, where that has been decided before, with keys that the events do not have;
            None: those that many households share among them
    """
    cleaned = events.with_columns(order_id=clean_order_id(pl.col("order_id")))
    found = shared_orders(cleaned, USABLE_CLASS) if shared is None else shared
    return without_orders(cleaned, found) if found.height else cleaned


def drop_redelivered(events: pl.DataFrame) -> pl.DataFrame:
    """Each event once: the earliest of those that share an id in a tenant."""
    return events.sort("tenant_id", "occurred_at", "event_id").unique(
        ["tenant_id", "event_id"], keep="first", maintain_order=True
    )


def _first(column: str, where: pl.Expr | None = None) -> pl.Expr:
    """The first value of a column in the order of the frame."""
    is_present = pl.col(column).is_not_null()
    return pl.col(column).filter(is_present if where is None else is_present & where).first()


def _first_usable(column: str) -> pl.Expr:
    """The first key of the signals whose address is usable; of all signals where no address is."""
    usable = pl.col("address_class") == USABLE_CLASS
    return pl.when(usable.any()).then(_first(column, usable)).otherwise(_first(column)).alias(column)


def _choices() -> list[pl.Expr]:
    """What a conversion takes from its signals, which stand in the order of their rank."""
    priced = pl.col("value_minor").is_not_null()
    keyed = pl.col("household_key").is_not_null()
    coded = pl.col("signal").is_in(["promo_code", "vanity_url"])
    code = clean_code(pl.col("promo_code"))
    codes = code.sort_by(~coded, maintain_order=True).drop_nulls().unique(maintain_order=True)
    return [
        pl.col("occurred_at").min().alias("converted_at"),
        _first("campaign_id"),
        _first("value_minor"),
        _first("currency", priced),
        codes.first().alias("promo_code"),
        codes.alias("promo_codes"),
        _first_usable("household_key"),
        _first_usable("listener_key"),
        pl.coalesce(
            _first("address_class", pl.col("address_class") == USABLE_CLASS),
            _first("address_class", keyed),
            pl.lit("unknown"),
        ),
        _first("listener_id"),
        _first("is_new_customer"),
    ]


def _counts() -> list[pl.Expr]:
    return [
        (pl.col("signal") == signal).sum().cast(pl.Int32).alias(f"{signal}_signals")
        for signal in SIGNAL_RANK
        if signal != "survey"
    ]


def name_codes(conversions: pl.DataFrame, codes: pl.DataFrame) -> pl.DataFrame:
    """The conversions with promo_code: the first of its promo_codes that names a placement, else the first.

    codes: of read_promo_codes. A typing error beside the right code takes nothing from it.
    """
    named = (
        conversions.select(*CONVERSION, "sponsor_id", "converted_at", code="promo_codes")
        .filter(pl.col("code").list.len() > 1)
        .explode("code")
        .with_columns(place=pl.int_range(pl.len()).over(CONVERSION))
        .join(codes, on=[*SPONSOR, "code"])
        .filter(is_in_force())
        .sort(*CONVERSION, "place")
        .unique(CONVERSION, keep="first")
    )
    return conversions.join(named.select(*CONVERSION, "code"), on=CONVERSION, how="left", validate="1:1").select(
        *(name for name in conversions.columns if name != "promo_code"),
        promo_code=pl.coalesce("code", "promo_code"),
    )


def is_in_force() -> pl.Expr:
    """Whether a code was valid when the conversion happened: converted_at, valid_from, valid_until (null: open)."""
    at, begins, ends = pl.col("converted_at"), pl.col("valid_from"), pl.col("valid_until")
    return (begins.is_null() | (at >= begins)) & (ends.is_null() | (at < ends))


def _join_survey(conversions: pl.DataFrame, answers: pl.DataFrame) -> pl.DataFrame:
    """Count an order's survey answers on its deepest conversion, with the placement that the first of them names.

    Their value counts where no other signal has one.
    """
    priced = pl.col("value_minor").is_not_null()
    surveys = (
        answers.sort("occurred_at", "event_id")
        .group_by(ORDER, maintain_order=True)
        .agg(
            pl.len().cast(pl.Int32).alias("survey_signals"),
            _first("placement_id").alias("survey_placement_id"),
            _first("value_minor").alias("survey_minor"),
            _first("currency", priced).alias("survey_currency"),
        )
    )
    placed = surveys.join(deepest_of_order(conversions), on=ORDER, validate="1:1").drop("sponsor_id", "order_id")
    return (
        conversions.join(placed, on=CONVERSION, how="left", validate="1:1")
        .with_columns(
            pl.col("survey_signals").fill_null(0),
            currency=pl.when(priced).then("currency").otherwise("survey_currency"),
            value_minor=pl.coalesce("value_minor", "survey_minor"),
        )
        .drop("survey_minor", "survey_currency")
    )


def deepest_of_order(conversions: pl.DataFrame) -> pl.DataFrame:
    """For each order its conversion that lies deepest in the funnel: tenant, sponsor, order id and conversion id."""
    depth = {kind: place for place, kind in enumerate(CONVERSION_KINDS)}
    return (
        conversions.filter(pl.col("order_id").is_not_null())
        .with_columns(depth=pl.col("kind").replace_strict(depth, return_dtype=pl.Int8))
        .sort(*ORDER, "depth")
        .unique(ORDER, keep="first", maintain_order=True)
        .select(*ORDER, "conversion_id")
    )


def conversion_ids(merged: pl.DataFrame) -> pl.Series:
    """The id of each conversion: its event's own, or a hash of tenant, sponsor, kind and order id."""
    dtype = merged.schema["lone_event"]
    rows = merged.select("tenant_id", "sponsor_id", "kind", "order_id", "lone_event").iter_rows()
    ids = [event if event is not None else _hashed(identity, dtype) for *identity, event in rows]
    return pl.Series("conversion_id", ids, dtype=dtype)


def _hashed(identity: Iterable[object], dtype: pl.DataType) -> bytes | str:
    """16 bytes that only depend on the values, as bytes, or as a UUID's text where ids are text."""
    parts = (part if isinstance(part, bytes) else str(part).encode() for part in identity)
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(4, "big") + part)
    return digest.digest() if dtype == pl.Binary else str(UUID(bytes=digest.digest()))


def adjust_conversions(events: pl.DataFrame, conversions: pl.DataFrame, rates: Rates | None = None) -> pl.DataFrame:
    """Refunds and cancellations of the given conversions, as positive amounts at their own time.

    events:      as in merge_conversions; only kind refund with an order id is used
    conversions: of merge_conversions: all of the orders' conversions, whatever their day
    rates:       needed where a refund in another currency than the order's came before a cancellation
    returns:     tenant_id, conversion_id, adjustment_id (the event's id), day (the conversion's), occurred_at,
                 kind (refund, cancellation), value_minor, currency

    A refund without an amount cancels the order: it takes back what earlier refunds have left of its value, once. After
    it there is nothing left to take back, so a later refund only pays out what was cancelled, and counts 0.
    Raises PermanentError where a rate is missing.
    """
    recognised = recognise_orders(events)
    refunds = drop_redelivered(recognised.filter((pl.col("kind") == "refund") & pl.col("order_id").is_not_null()))
    target = deepest_of_order(conversions).join(
        conversions.select("tenant_id", "conversion_id", "day", value="value_minor", paid_in="currency"),
        on=CONVERSION,
        validate="1:1",
    )
    found = refunds.drop("day", strict=False).join(target, on=ORDER, validate="m:1").sort("occurred_at", "event_id")
    whole = pl.col("value_minor").is_null()
    cancelled = whole.cum_sum().over(CONVERSION)
    # In 128 bits, so that no sum of refunds wraps around; what is left is no more than the value.
    taken = pl.col("own_minor").fill_null(0).cast(pl.Int128).cum_sum().over(CONVERSION)
    left = pl.max_horizontal(pl.col("value").cast(pl.Int128) - taken, 0).cast(pl.Int64)
    paid_out = ~whole & (cancelled > 0) & pl.col("value").is_not_null()
    return (
        _in_own_currency(found, rates or {})
        .with_columns(
            kind=pl.when(whole).then(pl.lit("cancellation")).otherwise(pl.lit("refund")),
            amount=pl.when(whole).then(left).when(paid_out).then(0).otherwise("value_minor"),
            currency=pl.when(whole).then("paid_in").otherwise("currency"),
            counts=~whole | ((cancelled == 1) & pl.col("value").is_not_null()),
        )
        .filter("counts")
        .select(*CONVERSION, "day", "occurred_at", "kind", "currency", adjustment_id="event_id", value_minor="amount")
        .select(*CONVERSION, "adjustment_id", "day", "occurred_at", "kind", "value_minor", "currency")
        .sort("tenant_id", "conversion_id", "adjustment_id")
    )


def _in_own_currency(refunds: pl.DataFrame, rates: Rates) -> pl.DataFrame:
    """Refunds in the order given, with own_minor: their amount in the currency that the order was paid in.

    Only amounts before a cancellation are converted; null for all others, and where there is no amount.
    """
    is_needed = pl.col("value_minor").is_null().any().over(CONVERSION) & pl.col("value").is_not_null()
    numbered = refunds.with_row_index("place")
    needed = numbered.filter(is_needed).filter(pl.col("value_minor").is_not_null())
    converted = needed.select(
        "place",
        "tenant_id",
        "currency",
        day=pl.col("occurred_at").dt.date(),
        target="paid_in",
        net_minor="value_minor",
    ).pipe(convert_values, rates)
    return (
        numbered.join(
            converted.select("place", own_minor="net_minor"),
            on="place",
            how="left",
            validate="1:1",
            maintain_order="left",
        )
        .sort("place")
        .drop("place")
    )


def needs_rates(events: pl.DataFrame) -> bool:
    """Whether an order has amounts in several currencies, so that adjust_conversions may need rates."""
    priced = events.filter(pl.col("order_id").is_not_null() & pl.col("value_minor").is_not_null())
    return bool((priced.group_by(ORDER).agg(pl.col("currency").n_unique())["currency"] > 1).any())
