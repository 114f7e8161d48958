"""Chance with a name: random streams, identities and noise that depend on the seed and a label, never on call order.

Here: the generators that every other module of the simulation draws from, and 16-byte ids.
Not here: what is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from hashlib import blake2b
from typing import Any, TypeAlias, TypeVar
from uuid import UUID, uuid5

import numpy as np
import numpy.typing as npt
import polars as pl
import pyarrow as pa

Ints: TypeAlias = npt.NDArray[np.int64]
Floats: TypeAlias = npt.NDArray[np.float64]
Bools: TypeAlias = npt.NDArray[np.bool_]

# Identities of the invented network are the same for every seed: a second simulation meets the same shows.
NAMESPACE = UUID("6f1d0a52-0c5e-5b0e-9a55-0ea125407000")


def identity(*path: object) -> UUID:
    """The id of a thing of the invented network, from its path of names."""
    return uuid5(NAMESPACE, "/".join(map(str, path)))


def stream(seed: int, *label: object) -> np.random.Generator:
    """A generator of its own for a label, so that a change in one place leaves all others as they were."""
    digest = blake2b("/".join(map(str, label)).encode(), digest_size=16).digest()
    return np.random.default_rng([seed, int.from_bytes(digest, "big")])


def mixed(numbers: Ints, salt: int) -> Ints:
    """Well-mixed non-negative numbers below 2^31 from numbers and a salt (the finaliser of SplitMix64)."""
    with np.errstate(over="ignore"):
        state = numbers.astype(np.uint64) + np.uint64(salt) * np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return (state >> np.uint64(33)).astype(np.int64)


def uniform(numbers: Ints, salt: int) -> Floats:
    """The same, as fractions in [0, 1)."""
    return mixed(numbers, salt) / float(1 << 31)


def event_ids(rng: np.random.Generator, count: int) -> pl.Series:
    """Ids of events, 16 random bytes each in the layout of a version 4 UUID."""
    raw = np.frombuffer(rng.bytes(16 * count), dtype=np.uint8).reshape(count, 16).copy()
    raw[:, 6] = (raw[:, 6] & 0x0F) | 0x40
    raw[:, 8] = (raw[:, 8] & 0x3F) | 0x80
    return as_binary(raw)


def as_binary(raw: npt.NDArray[np.uint8]) -> pl.Series:
    """A column of 16-byte values from a matrix of bytes."""
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(raw), [None, pa.py_buffer(raw.tobytes())])
    series = pl.from_arrow(fixed.cast(pa.binary()))
    assert isinstance(series, pl.Series)  # noqa: S101 - narrows the type: an array never becomes a frame
    return series


Record = TypeVar("Record", bound=Any)


def joined(records: Sequence[Record]) -> Record:
    """One record of arrays from several of the same kind, end to end."""
    kind = type(records[0])
    whole: Record = kind(*(np.concatenate([getattr(each, part.name) for each in records]) for part in fields(kind)))
    return whole


def taken(record: Record, chosen: Ints) -> Record:
    """The chosen entries of a record of arrays."""
    part: Record = type(record)(*(getattr(record, each.name)[chosen] for each in fields(record)))
    return part
