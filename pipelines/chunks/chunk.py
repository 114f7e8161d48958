"""Chunk: what a step of a day in chunks is given, as JSON: for whom, which days, and by what they are to be measured.

Here: making it and reading it, and refusing a worker that measures by something else.
Not here: what a step does with it (job.py, shards.py), how it reaches the step (values.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from dagster import Failure

from sql.values import PermanentError, Scope, Window

# first, last: UTC days, included. began: from when on what is computed counts as done. measures: measures_of the
# tenants. Of a tenant that is measured in shards also shards, how many, run, under which they are kept, and read_from,
# from when on raw rows are newer than what is read; of one of them also shard, from 0.
Chunk = dict[str, Any]


def make_chunk(days: Sequence[Window], began: datetime, measurement: Any, tenants: Sequence[UUID]) -> Chunk:
    """What a step is given."""
    return {
        "first": f"{days[0].day}",
        "last": f"{days[-1].day}",
        "began": began.isoformat(),
        "measures": measures_of(measurement, tenants),
        "tenants": [str(tenant) for tenant in tenants],
    }


def days_of(chunk: Chunk) -> list[Window]:
    """The chunk's UTC days."""
    return [Window.of_day(day) for day in Window.of_days(read_day(chunk["first"]), read_day(chunk["last"])).days()]


def tenants_of(chunk: Chunk) -> tuple[UUID, ...]:
    """The chunk's tenants."""
    return tuple(map(UUID, chunk["tenants"]))


def scope_of(chunk: Chunk, scope: Scope) -> Scope:
    """The run's scope, of the chunk's tenants, without what the run has computed already."""
    return replace(scope, tenants=tenants_of(chunk), skip_computed_since=datetime.fromisoformat(chunk["began"]))


def read_day(text: str) -> date:
    """Raises PermanentError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PermanentError(f"{text!r} is no day; write it as 2026-01-31") from None


def refuse_other_measures(chunk: Chunk, measurement: Any) -> None:
    """Raises Failure where this process measures by other rules, networks or keys than the one that made the chunk."""
    if not fit(chunk["measures"], measures_of(measurement, tenants_of(chunk))):
        raise Failure(
            "This worker measures by other rules, networks or keys than the process that divided the tenants, so "
            "nothing was computed: its numbers would not fit the others'. Give all of them the same EARSHOT_KEYRING "
            "and EARSHOT_RULES, and the same installed versions.",
            allow_retries=False,
        )


def measures_of(measurement: Any, tenants: Sequence[UUID]) -> dict[str, Any]:
    """Names of the rules and networks in force, and of each tenant's keys, which cannot be read from them."""
    keyring = measurement.keyring
    keys = {
        f"{tenant} {version}": blake2b(keyring.key_of(tenant, version).secret, digest_size=12).hexdigest()
        for tenant in tenants
        for version in keyring.versions_of(tenant)
    }
    return {"rules": [measurement.rules.version, measurement.ranges.version], "keys": keys}


def fit(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two processes measure alike: by the same rules, and by the same secret for each version that both have.

    A version that one lacks may wait to be rotated; where it is in force, that process refuses to compute by itself.
    """
    common = one["keys"].keys() & other["keys"].keys()
    is_same = all(one["keys"][each] == other["keys"][each] for each in common)
    return one["rules"] == other["rules"] and is_same and (bool(common) or not one["keys"])
