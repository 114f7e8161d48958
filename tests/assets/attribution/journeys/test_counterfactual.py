"""Counterfactual credits: those of a path are what each touch adds to its chance, by all paths enumerated."""

from __future__ import annotations

from collections import defaultdict

import pytest
from hypothesis import given, settings

from assets.attribution import channel_totals, credit_paths
from tests.assets.attribution.test_brute_force import Counts, Path, frame_of, paths_with_counts


def enumerated_credits(counts: Counts, path: Path) -> list[float]:
    """The counterfactual credits of one path, by the chances of all paths."""
    chance = {each: won / (won + failed) if won else 0.0 for each, (won, failed) in counts.items()}
    gains = [max(0.0, chance[path] - chance.get(path[:place] + path[place + 1 :], 0.0)) for place in range(len(path))]
    return [gain / sum(gains) for gain in gains] if sum(gains) else [0.0] * (len(path) - 1) + [1.0]


@settings(max_examples=60, deadline=None)
@given(paths_with_counts)
def test_counterfactual_credits_are_those_of_all_paths_enumerated(counts: Counts) -> None:
    credited = credit_paths(frame_of(counts), ["counterfactual"])
    expected = [credit for path in counts for credit in enumerated_credits(counts, path)]
    assert credited["credit"].to_list() == pytest.approx(expected, abs=1e-9)
    totals: dict[str, float] = defaultdict(float)
    for path, (won, _) in counts.items():
        for channel, credit in zip(path, enumerated_credits(counts, path), strict=True):
            totals[channel] += won * credit
    result = channel_totals(frame_of(counts), ["counterfactual"], fewest_conversions=1)
    assert dict(result.select("channel", "conversions").iter_rows()) == pytest.approx(dict(totals), abs=1e-9)
