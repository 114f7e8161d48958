"""Storing orders: the records of one export become conversion signals, and a row of imports says so.

Here: the order of the steps, what is refused before anything is stored, and the doubts.
Not here: reading records and rows, what a person sees (pipelines/commands/importing).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import BinaryIO
from uuid import UUID

import polars as pl

from assets.importing.checks.doubts import MOST_REJECTED, DoubtfulError, are_many
from assets.importing.events import MadeBatch
from assets.importing.storing import ImportSummary
from assets.orders.records import Record, read_records
from assets.orders.rows import OrderMaker
from assets.orders.shops import Shop, choose_shop
from sql.failures import cause_of, is_database_away
from sql.raw.imports import ImportId, ImportStart, begin_import, end_import, store_batch
from sql.values import PermanentError
from sql.warehouse import Warehouse

RECORDS_A_BATCH = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderImport:
    """What is to be imported for whom. object: its name in messages and in imports. shop: None: found by the columns.

    currency, timezone: of amounts and times that do not say theirs. is_forced: store what looks wrong, too.
    """

    tenant: UUID
    sponsor: UUID
    sponsor_name: str
    object: str
    started_by: str
    source: str | None = None
    version: str | None = None
    shop: Shop | None = None
    currency: str | None = None
    timezone: str = "UTC"
    is_dry_run: bool = False
    is_forced: bool = False


def import_orders(
    warehouse: Warehouse,
    task: OrderImport,
    content: BinaryIO,
    on_rejects: Callable[[pl.DataFrame], object] = lambda _rejects: None,
    now: datetime | None = None,
) -> ImportSummary:
    """Store the orders and rejects of an export; a batch that is stored stays, whatever comes after it.

    Raises PermanentError for what is no export of orders; DoubtfulError where its first records should not be stored.
    Nothing is stored then.
    """
    codes = warehouse.read("read_promo_codes", tenants=[task.tenant])
    mine = frozenset(codes.filter(sponsor_id=task.sponsor.bytes)["code"])
    summary, begun, maker = ImportSummary(), None, None
    clock = now or datetime.now(UTC)
    try:
        for records in _batches(read_records(task.object, content)):
            maker = maker or _maker_of(task, records, mine)
            made = maker.make(records, clock)
            if not summary.lines and not task.is_forced:
                _refuse_doubtful(made, task, codes)
            counts = _count(summary, made, mine)
            on_rejects(made.rejects)
            if not task.is_dry_run and made.height:
                begun = begun or begin_import(warehouse, _start(task, maker.shop))
                summary.stored += store_batch(warehouse, begun, made.events, made.rejects, counts)
        if not summary.lines:
            raise PermanentError(f"{task.object} holds no orders: there is only a header in it")
    except BaseException as error:
        _end_failed(warehouse, begun, error)
        raise
    summary.doubts = list(_doubts(summary, maker, bool(mine)))
    if begun is not None:
        summary.number = begun.number
        end_import(warehouse, begun, "done", "; ".join(summary.doubts) or None)
    return summary


def find_sponsor(warehouse: Warehouse, tenant: UUID, name: str) -> tuple[UUID, str]:
    """The sponsor that the name, in any case, or the id means. Raises PermanentError with those that there are."""
    found = [(row["sponsor_id"], row["name"]) for row in warehouse.rows("read_sponsors", tenant=tenant)]
    for sponsor, title in found:
        if name.strip().casefold() in (title.casefold(), str(sponsor)):
            return sponsor, title
    there = ", ".join(title for _, title in found[:20]) or "none"
    raise PermanentError(f"There is no sponsor {name!r}; there are: {there}")


def _batches(records: Iterator[Record]) -> Iterator[list[Record]]:
    while batch := list(islice(records, RECORDS_A_BATCH)):
        yield batch


def _maker_of(task: OrderImport, records: list[Record], codes: frozenset[str]) -> OrderMaker:
    names = {name for record in records[:100] for name in record.values or {}}
    shop = task.shop or choose_shop(names, task.object)
    if not shop.fit(names):
        raise PermanentError(
            f"{task.object} is no {shop.title}: it has no column for the time of an order "
            f"({', '.join(shop.columns['occurred_at'])}), or none for its number and its value; its columns are "
            f"{', '.join(sorted(names)[:20])}. Nothing was stored"
        )
    return OrderMaker(task.tenant, task.sponsor, shop, task.currency, task.timezone, codes)


def _start(task: OrderImport, shop: Shop) -> ImportStart:
    return ImportStart(
        tenant=task.tenant,
        kind="orders",
        object=task.object,
        format=shop.name,
        started_by=task.started_by,
        source=task.source,
        version=task.version,
    )


def _refuse_doubtful(made: MadeBatch, task: OrderImport, codes: pl.DataFrame) -> None:
    if made.rejects.height > MOST_REJECTED * made.height:
        reason, count = made.rejects.get_column("reason").value_counts(sort=True).row(0)
        raise DoubtfulError(
            f"{made.rejects.height:,} of the first {made.height:,} records of {task.object} cannot be taken ({count:,} "
            f"of them: {reason}). Nothing was stored; --force stores those that can be"
        )
    used = made.events.get_column("promo_code").drop_nulls().value_counts()
    owners = used.join(codes.select("sponsor_id", promo_code="code").unique(), on="promo_code", how="inner")
    sums: dict[bytes, int] = dict(owners.group_by("sponsor_id").agg(pl.col("count").sum()).iter_rows())
    mine = sums.pop(task.sponsor.bytes, 0)
    if sums and max(sums.values()) > mine:
        raise DoubtfulError(
            f"{max(sums.values()):,} of the first orders of {task.object} have codes of another sponsor, and {mine:,} "
            f"those of {task.sponsor_name}. Nothing was stored. Name the right sponsor; --force stores them"
        )


def _count(summary: ImportSummary, made: MadeBatch, codes: frozenset[str]) -> dict[str, int]:
    """Add a batch; returns its counts by the names of count_import."""
    events = made.events
    summary.lines += made.height
    summary.events += events.height
    summary.rejected += made.rejects.height
    code = events.get_column("promo_code")
    strange = code.filter(code.is_not_null() & ~code.is_in(list(codes)))
    unmapped = events.height - (code.len() - code.null_count() - len(strange))
    summary.unmapped += unmapped
    summary.example = summary.example or next(iter(strange.head(1)), None)
    nobody = events.filter(pl.all_horizontal(pl.col("client_ip", "listener_id").is_null())).height
    summary.without_address += nobody
    moments = events.get_column("occurred_at")
    for moment in (moments.min(), moments.max()):
        if isinstance(moment, datetime):
            summary.first = min(filter(None, (summary.first, moment)))
            summary.last = max(filter(None, (summary.last, moment)))
    return {"unmapped": unmapped, "without_address": nobody}


def _doubts(summary: ImportSummary, maker: OrderMaker | None, has_codes: bool) -> Iterator[str]:
    refunded, repeated, unpaid = (maker.refunded, maker.repeated, maker.unpaid) if maker else (0, 0, 0)
    # Every shop has orders that were not paid.
    if are_many(summary.rejected - unpaid, summary.lines):
        yield f"{summary.rejected:,} of {summary.lines:,} orders were rejected: look at their reasons"
    if refunded:
        yield (
            f"of {refunded:,} orders something was paid back, and the export does not say when: import refunds as rows "
            "of their own (kind refund)"
        )
    if repeated:
        yield (
            f"{repeated:,} rows have the number of an order above them, and another time or value: they were passed "
            "over. If they are orders of their own, the column of their numbers is another one"
        )
    if has_codes and summary.events and summary.unmapped == summary.without_address == summary.events:
        yield "no order has a code of this sponsor or an address, so none can be attributed"


def _end_failed(warehouse: Warehouse, begun: ImportId | None, error: BaseException) -> None:
    if begun is not None and not is_database_away(error):
        stopped = not isinstance(error, Exception)
        end_import(warehouse, begun, "failed", "it was stopped" if stopped else cause_of(error))
