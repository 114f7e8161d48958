"""A small show to measure: one tenant, episodes and files, and requests that are right unless a test says otherwise.

Here: rows for the tests of listening, already enriched as the rules and ranges would.
Not here: rules, ranges and keys themselves; their own tests make those.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import polars as pl
import pytest

TIME = pl.Datetime("us", "UTC")

REQUEST_SCHEMA: dict[str, Any] = {
    "tenant_id": pl.String,
    "event_id": pl.String,
    "occurred_at": TIME,
    "source": pl.String,
    "event_type": pl.String,
    "episode_id": pl.String,
    "asset_id": pl.String,
    "http_method": pl.String,
    "http_status": pl.Int16,
    "range_start": pl.Int64,
    "range_end": pl.Int64,
    "bytes_sent": pl.Int64,
    "user_agent": pl.String,
    "consumer_key": pl.Int64,
    "household_key": pl.Int64,
    "is_bot": pl.Boolean,
    "is_data_centre": pl.Boolean,
    "on_inclusion_list": pl.Boolean,
    "is_bad_referrer": pl.Boolean,
    "address_class": pl.String,
    "listener_id": pl.String,
}

# Ada fetches the whole of "Harbour Lights 12": an hour at 1,000 bytes a second behind a header of 1,000 bytes.
GOOD_REQUEST: dict[str, Any] = {
    "tenant_id": "quayside",
    "event_id": "e1",
    "occurred_at": datetime(2026, 11, 2, 8, 0, tzinfo=UTC),
    "source": "server_log",
    "event_type": "download",
    "episode_id": "harbour-12",
    "asset_id": "harbour-12.mp3",
    "http_method": "GET",
    "http_status": 200,
    "range_start": None,
    "range_end": None,
    "bytes_sent": 3_601_000,
    "user_agent": "Overcast/3.0",
    "consumer_key": 1,
    "household_key": 100,
    "is_bot": False,
    "is_data_centre": False,
    "on_inclusion_list": False,
    "is_bad_referrer": False,
    "address_class": "household",
    "listener_id": None,
}

RELEASED = datetime(2026, 11, 1, 6, 0, tzinfo=UTC)


def build_requests(*changes: dict[str, Any]) -> pl.DataFrame:
    """One good request per change, with a number for its event where the change gives none."""
    rows = [{**GOOD_REQUEST, "event_id": f"e{number}", **change} for number, change in enumerate(changes, 1)]
    return pl.DataFrame(rows, schema=REQUEST_SCHEMA, orient="row")


def build_episodes(rows: Sequence[dict[str, Any]] = ()) -> pl.DataFrame:
    standard = {"tenant_id": "quayside", "podcast_id": "harbour", "published_at": RELEASED, "duration_s": 3600.0}
    described = rows or [{"episode_id": "harbour-12"}, {"episode_id": "harbour-13", "duration_s": None}]
    schema: dict[str, Any] = {
        "tenant_id": pl.String,
        "episode_id": pl.String,
        "podcast_id": pl.String,
        "published_at": TIME,
        "duration_s": pl.Float64,
    }
    return pl.DataFrame([{**standard, **row} for row in described], schema=schema, orient="row")


def build_media(rows: Sequence[dict[str, Any]] = ()) -> pl.DataFrame:
    standard = {
        "tenant_id": "quayside",
        "asset_id": "harbour-12.mp3",
        "episode_id": "harbour-12",
        "file_bytes": 3_601_000,
        "header_bytes": 1_000,
        "duration_s": 3600.0,
    }
    schema = {
        "tenant_id": pl.String,
        "asset_id": pl.String,
        "episode_id": pl.String,
        "file_bytes": pl.Int64,
        "header_bytes": pl.Int64,
        "duration_s": pl.Float64,
        "part_of": pl.String,
        "part_offset_bytes": pl.Int64,
    }
    return pl.DataFrame([{**standard, **row} for row in rows or [{}]], schema=schema, orient="row")


def build_methods(*rows: dict[str, Any]) -> pl.DataFrame:
    standard = {"tenant_id": "quayside", "download_window": "calendar_day", "suspect_pairs": 500}
    schema = {"tenant_id": pl.String, "download_window": pl.String, "suspect_pairs": pl.Int32}
    return pl.DataFrame([{**standard, **row} for row in rows or ({},)], schema=schema, orient="row")


@pytest.fixture(scope="session")
def requests() -> Callable[..., pl.DataFrame]:
    return build_requests


@pytest.fixture(scope="session")
def episodes() -> Callable[..., pl.DataFrame]:
    return build_episodes


@pytest.fixture(scope="session")
def media() -> Callable[..., pl.DataFrame]:
    return build_media


@pytest.fixture(scope="session")
def methods() -> Callable[..., pl.DataFrame]:
    return build_methods
