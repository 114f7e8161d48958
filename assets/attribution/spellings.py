"""Spellings: order ids and codes as they are compared, whatever a shop's script or a keyboard made of them.

Here: one spelling for those that people take for the same, what is no order id at all, and ids that many households
share. The database's functions clean_text, clean_code and clean_order_id say the same of single values, and so does
sql/safety/spelling.py.
Not here: which signals make a conversion (conversions.py), which placement a code names (matching.py).
"""

from __future__ import annotations

import polars as pl

from assets.grain import SPONSOR
from sql.safety.spelling import BLANKS, UNSEEN

# What scripts send where they have no number: a language's word for nothing, zeros, signs alone, a template that was
# not filled in, the name of the field.
NO_ORDER_ID = (
    r"^(undefined|null|none|nil|nan|n/?a|not set|unset|unknown|empty|false|true"
    r"|(order|transaction)[ _-]?(id|no|number)?|[0 -/:-@\[-`{-~]*|\(.*\)|\[.*\]|<.*>|\{.*\}|\$\{.*\}|%+[^%]*%+)$"
)

# An order is seen from its household, and sometimes from a second one: a confirmation opened elsewhere. An id that
# comes from this many is a constant of the shop's script, and would merge strangers.
SHARED_FROM = 3

ORDER = [*SPONSOR, "order_id"]


def clean_text(text: pl.Expr) -> pl.Expr:
    """Text as it is compared: NFKC, no unseen signs, single blanks, none at the ends; null if nothing is left."""
    plain = text.str.normalize("NFKC").str.replace_all(UNSEEN, "").str.replace_all(BLANKS, " ").str.strip_chars(" ")
    return pl.when(plain != "").then(plain)


def clean_code(code: pl.Expr) -> pl.Expr:
    """A promo code or vanity address as it is compared: clean_text in lower case."""
    return clean_text(code).str.to_lowercase()


def clean_order_id(order_id: pl.Expr) -> pl.Expr:
    """An order number as it is compared: clean_text, its case kept; null where it stands for no number."""
    plain = clean_text(order_id)
    return pl.when(~plain.str.to_lowercase().str.contains(NO_ORDER_ID)).then(plain)


def shared_orders(events: pl.DataFrame, usable: str) -> pl.DataFrame:
    """tenant_id, sponsor_id, order_id of the ids that SHARED_FROM households or more have converted under.

    events: ORDER (as clean_order_id has it), kind, signal, household_key, address_class. Only addresses of the class
    `usable` stand for a household; refunds and survey answers may come from anywhere.
    """
    is_seen = (pl.col("address_class") == usable) & pl.col("household_key").is_not_null()
    is_signal = (pl.col("kind") != "refund") & (pl.col("kind") != "survey") & (pl.col("signal") != "survey")
    return (
        events.filter(is_seen & is_signal & pl.col("order_id").is_not_null())
        .group_by(ORDER)
        .agg(pl.col("household_key").n_unique())
        .filter(pl.col("household_key") >= SHARED_FROM)
        .select(ORDER)
    )


def without_orders(events: pl.DataFrame, shared: pl.DataFrame) -> pl.DataFrame:
    """The events in their order, those of the shared ids (ORDER) without one, so that each stands for itself."""
    marked = shared.select(ORDER).unique().with_columns(is_shared=pl.lit(True))
    return (
        events.join(marked, on=ORDER, how="left", validate="m:1", maintain_order="left")
        .with_columns(order_id=pl.when(pl.col("is_shared").is_null()).then("order_id"))
        .drop("is_shared")
    )
