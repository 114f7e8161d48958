"""Paths made shorter or plainer: touches are numbered anew, and further columns stay."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from assets.attribution.journeys import transforms

Transform = Callable[[pl.DataFrame], pl.DataFrame]


def paths(*written: str) -> pl.DataFrame:
    """A path for each text, a letter a touch, in the order of a file that was shuffled."""
    rows = [(number, place, letter) for number, text in enumerate(written) for place, letter in enumerate(text, 1)]
    frame = pl.DataFrame(rows, schema=["path_id", "touch_no", "channel"], orient="row")
    return frame.with_columns(seen=pl.col("touch_no") * 10).reverse()


@pytest.mark.parametrize(
    ("transform", "expected"),
    [
        (lambda frame: transforms.keep_latest(frame, 2), ["ba", "dd"]),
        (transforms.collapse_repeats, ["aba", "d"]),
        (transforms.keep_firsts, ["ab", "d"]),
        (transforms.count_repeats, ["ab", "d"]),
        (lambda frame: transforms.drop_channel(frame, "d"), ["aaba", "dd"]),
        (lambda frame: transforms.drop_channel(frame, "a"), ["b", "dd"]),
        (lambda frame: transforms.drop_channel_at_end(frame, "a"), ["aab", "dd"]),
    ],
)
def test_each_path_is_changed_by_itself_and_numbered_from_one(transform: Transform, expected: list[str]) -> None:
    changed = transform(paths("aaba", "dd"))
    assert changed["seen"].null_count() == 0
    texts = changed.group_by("path_id", maintain_order=True).agg(pl.col("channel").str.join(""), pl.col("touch_no"))
    assert texts["channel"].to_list() == expected
    assert texts["touch_no"].to_list() == [list(range(1, len(text) + 1)) for text in expected]


def test_the_frequency_path_says_how_often_each_channel_was_touched() -> None:
    assert transforms.count_repeats(paths("aaba"))["times"].to_list() == [3, 1]
