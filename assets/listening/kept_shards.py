"""Kept shards: a tenant's day that several processes measure in shards, and one makes the tables of.

Here: measuring a shard and keeping it in the database, and the day that is made of kept shards.
Not here: what a shard is (day_shards.py), the rows of the database (sql/raw/day_shards.py), which process measures
which (pipelines/chunks).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, MutableMapping, Sequence
from dataclasses import fields
from datetime import date, datetime
from io import BytesIO
from typing import TYPE_CHECKING
from uuid import UUID

import polars as pl

from assets.listening.day import compute_listening_day
from assets.listening.day_shards import DayShard, can_be_divided, measure_shard, read_settings
from assets.listening.downloads.event_reader import Shard
from assets.listening.downloads.method import check_methods, name_methods
from assets.listening.identity.keys import Keyring
from assets.runs import ComputeDay, Tables, cached_reader
from sql.raw.day_shards import ShardedDay, read_slices, replace_shard
from sql.values import Window
from sql.warehouse import Warehouse

if TYPE_CHECKING:
    from assets.resources import Measurement

# A value of the database is at most 1 GB; a row of a frame takes some 200 bytes.
SLICE_ROWS = 500_000


def keep_shard(
    warehouse: Warehouse, window: Window, tenant: UUID, measurement: Measurement, shard: Shard, run_id: UUID
) -> bool:
    """Measure a shard of a tenant's UTC day and keep it for the run; False where the day cannot be divided.

    A shard that is kept already is replaced. Raises PermanentError, and keeps nothing, where somebody was erased or
    keys were rotated meanwhile.
    """
    began = warehouse.clock()
    read = cached_reader(warehouse.read)
    settings = read_settings(read, [tenant])
    if not can_be_divided(read, window, [tenant], settings):
        return False
    keyring = measurement.keyring.in_force(warehouse.read, [tenant])
    rules, ranges = measurement.rules, measurement.ranges
    measured = measure_shard(read, window, [tenant], settings, rules, ranges, keyring, shard)
    # Addresses may have gone while the rows were read; their keys are kept before they go.
    if not can_be_divided(read, window, [tenant], settings):
        return False
    day = ShardedDay(tenant, window.day, run_id, _measured_by(settings.methods, measurement, keyring))
    replace_shard(warehouse, day, *shard, _slices(measured), began)
    return True


def compute_of_shards(
    warehouse: Warehouse,
    measurement: Measurement,
    shards: int,
    run_id: UUID,
    read_from: MutableMapping[date, datetime],
    log: Callable[[str], object],
) -> ComputeDay:
    """Computes the listening of one tenant's day of the shards that the run has kept.

    Where one of them is missing, or was measured by other rules or keys, the whole day is measured at once, which gives
    the same; log is called with a sentence about it, and the day leaves read_from: when reading of each day began.
    """
    read = cached_reader(warehouse.read)

    def compute(window: Window, tenants: Sequence[UUID]) -> Tables:
        (tenant,) = tenants
        keyring = measurement.keyring.in_force(warehouse.read, tenants)
        methods = check_methods(read("read_listening_methods", tenants=list(tenants)))
        measured_by = _measured_by(methods, measurement, keyring)
        kept = _read_shards(warehouse, ShardedDay(tenant, window.day, run_id, measured_by))
        if len(kept) != shards:
            log(f"{window.day} has {len(kept)} of {shards} shards of tenant {tenant}, so it is measured as a whole.")
            kept = []
            read_from.pop(window.day, None)
        return compute_listening_day(read, window, tenants, measurement.rules, measurement.ranges, keyring, shards=kept)

    return compute


def _slices(shard: DayShard) -> Iterator[tuple[str, int, bytes]]:
    for field in fields(DayShard):
        frame: pl.DataFrame = getattr(shard, field.name)
        for number, rows in enumerate(frame.iter_slices(SLICE_ROWS) if frame.height else [frame]):
            content = BytesIO()
            rows.write_ipc(content, compression="zstd")
            yield field.name, number, content.getvalue()


def _read_shards(warehouse: Warehouse, day: ShardedDay) -> list[DayShard]:
    slices: dict[int, dict[str, list[pl.DataFrame]]] = defaultdict(lambda: defaultdict(list))
    for shard, name, content in read_slices(warehouse, day):
        slices[shard][name].append(pl.read_ipc(BytesIO(content)))
    return [DayShard(**{name: pl.concat(frames) for name, frames in each.items()}) for each in slices.values()]


def _measured_by(methods: pl.DataFrame, measurement: Measurement, keyring: Keyring) -> str:
    """By what a tenant's day is measured. methods: of this tenant alone; keyring: with the keys in force alone."""
    ((tenant, method),) = name_methods(methods).select("tenant_id", "method_version").iter_rows()
    key = keyring.key_of(tenant).version
    return f"{measurement.rules.version} {measurement.ranges.version} {method} {key}"
