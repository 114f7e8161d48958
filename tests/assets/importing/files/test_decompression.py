"""Packed streams as far as they go."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.importing.files.decompression import Bound, SwellsError, Unpacked, zstd

TEXT = b"".join(b"line %d of a log\n" % number for number in range(5000))
PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda content: lzma.compress(content, lzma.FORMAT_ALONE),
    "zstd": zstd.compress,
}


def unpack(kind: str, packed: bytes, size: int = 1000, bound: Bound | None = None) -> tuple[bytes, str | None]:
    stream = Unpacked(io.BytesIO(packed), kind, bound or Bound("a log", lambda: len(packed)))
    content = b"".join(iter(lambda: stream.read(size), b""))
    return content, stream.damage


@pytest.mark.parametrize("kind", PACK)
def test_what_was_packed_comes_out(kind: str) -> None:
    assert unpack(kind, PACK[kind](TEXT)) == (TEXT, None)
    assert unpack(kind, PACK[kind](b"")) == (b"", None)


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
def test_members_follow_each_other_with_or_without_padding(kind: str) -> None:
    packed = PACK[kind](TEXT) + PACK[kind](b"") + PACK[kind](b"end")

    assert unpack(kind, packed) == (TEXT + b"end", None)
    assert unpack(kind, PACK[kind](TEXT) + bytes(1024)) == (TEXT, None)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(PACK)), st.floats(0.01, 0.99))
def test_what_breaks_off_gives_all_before_the_break_and_says_so(kind: str, share: float) -> None:
    packed = PACK[kind](TEXT)

    content, damage = unpack(kind, packed[: max(1, int(len(packed) * share))])

    assert TEXT.startswith(content)
    assert damage is not None
    assert "breaks off" in damage


@pytest.mark.parametrize(("place", "reason"), [(-8, "incorrect data check"), (-1, "incorrect length check")])
def test_a_wrong_sum_at_the_end_loses_nothing_and_is_told_as_what_it_is(place: int, reason: str) -> None:
    packed = bytearray(gzip.compress(TEXT))
    packed[place] ^= 1

    content, damage = unpack("gzip", bytes(packed))

    assert content == TEXT
    assert reason in str(damage)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(PACK)), st.floats(0.1, 0.9), st.integers(1, 255))
def test_a_damaged_stream_ends_and_never_raises(kind: str, share: float, flip: int) -> None:
    packed = bytearray(PACK[kind](TEXT))
    packed[int(len(packed) * share)] ^= flip

    content, damage = unpack(kind, bytes(packed))

    # Zstandard and LZMA streams need not have a checksum.
    assert damage is not None or content == TEXT or kind in ("zstd", "lzma")


def test_a_break_in_the_middle_of_gzip_loses_nothing_before_it() -> None:
    packed = gzip.compress(TEXT, 0)
    middle = len(packed) // 2

    content, damage = unpack("gzip", packed[:middle] + bytes(40_000))

    assert len(content) > middle - 100
    assert damage is not None


def test_what_follows_the_end_and_is_no_member_is_left_out_and_said() -> None:
    content, damage = unpack("gzip", gzip.compress(TEXT) + b"garbage")

    assert content == TEXT
    assert "follows its end" in str(damage)


def test_a_stream_that_swells_beyond_any_log_is_refused() -> None:
    bomb = gzip.compress(bytes(10_000_000))

    with pytest.raises(SwellsError, match="swells to more than 500 times"):
        unpack("gzip", bomb, 1 << 16, Bound("bomb.gz", lambda: len(bomb), freely=1_000_000))
