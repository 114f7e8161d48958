"""Apart: the rows of several reports in one frame, so that what is the same for all of them is read and computed once.

Here: each report's own copy of its rows, under the report's key in place of the tenant's id. Ids are a tenant's own and
every function groups by it, so a report has the numbers that it has alone, to the last digit.
Not here: which reports there are (reporting/figures/together.py), what is computed of their rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import polars as pl

from assets.frames import UTC_TIME
from sql.values import Reader

TENANT = "tenant_id"


@dataclass(frozen=True, slots=True)
class Member:
    """One report. key: 16 bytes; since: from when on its rows count, where a frame is not of a window for all."""

    key: bytes
    campaigns: Sequence[UUID]
    since: datetime | None = None


class Apart:
    """Parts the rows of one tenant among reports. A row that belongs to several of them is copied."""

    def __init__(self, members: Sequence[Member]) -> None:
        rows = [(member.key, each.bytes, member.since) for member in members for each in member.campaigns]
        columns = [(TENANT, pl.Binary()), ("campaign_id", pl.Binary()), ("since", UTC_TIME)]
        self._members = pl.DataFrame(rows, schema=columns, orient="row")

    @property
    def since(self) -> pl.DataFrame:
        """The key of each report, and since when its rows count."""
        return self._members.select(TENANT, "since").unique()

    def by_campaign(self, rows: pl.DataFrame) -> pl.DataFrame:
        """The rows of the reports' campaigns."""
        return _under(rows, self._members.select(TENANT, "campaign_id"), ["campaign_id"])

    def by_conversion(self, rows: pl.DataFrame) -> pl.DataFrame:
        """All rows of the conversions that one of a report's campaigns has a part in, since the report's rows count.

        rows: conversion_id, day, campaign_id and, if they have it, converted_at
        """
        since = pl.col("since")
        counts = since.is_null() | (pl.col("day") >= since.dt.date())
        if "converted_at" in rows.columns:
            counts &= since.is_null() | (pl.col("converted_at") >= since)
        key = ["conversion_id", "day"]
        own = rows.drop(TENANT).join(self._members, on="campaign_id").filter(counts).select(TENANT, *key).unique()
        return _under(rows, own, key)

    def __call__(self, rows: pl.DataFrame, like: pl.DataFrame, on: str) -> pl.DataFrame:
        """The rows as often as a frame that is parted already has them. on: the id that ties the two."""
        return _under(rows, like.select(TENANT, on).unique(), [on])


def read_since(read: Reader, statement: str, requested: pl.DataFrame, **params: object) -> pl.DataFrame:
    """The rows of a statement that begins at another moment for each campaign.

    requested: tenant_id (what the rows are to be under), campaign_id, since
    """
    pairs = requested.select("campaign_id", "since").unique().sort("campaign_id", "since")
    ids = [UUID(bytes=each) for each in pairs["campaign_id"]]
    since = pairs["since"].to_list()
    rows = read(statement, campaigns=ids, since=since, earliest=min(since), **params)
    return _under(rows, requested.unique(), ["campaign_id", "since"]).drop("since")


def _under(rows: pl.DataFrame, keys: pl.DataFrame, on: list[str]) -> pl.DataFrame:
    """keys: the reports' keys and what ties them to the rows. Rows keep their order and columns."""
    return rows.drop(TENANT).join(keys, on=on, maintain_order="left").select(rows.columns)
