"""The days that a span has around a day."""

from __future__ import annotations

from datetime import date

import pytest

from assets.spans import BEFORE, DAY, LONGEST_WINDOW, ROLLING, SPANS, Span

SUNDAY = date(2026, 3, 1)


@pytest.mark.parametrize(
    ("span", "is_rolling", "first", "last"),
    [
        (DAY, False, SUNDAY, SUNDAY),
        (DAY, True, SUNDAY, SUNDAY),
        (ROLLING, False, SUNDAY, SUNDAY),
        (ROLLING, True, date(2026, 1, 30), date(2026, 3, 3)),
    ],
)
def test_only_windows_that_roll_reach_over_midnight(span: Span, is_rolling: bool, first: date, last: date) -> None:
    days = list(span.days_of(SUNDAY, is_rolling=is_rolling))

    assert (days[0], days[-1], len(days)) == (first, last, (last - first).days + 1)


def test_spans_have_names_and_meanings_of_their_own() -> None:
    assert len({span.name for span in SPANS}) == len({span.meaning for span in SPANS}) == len(SPANS)


def test_the_graph_looks_no_further_back_than_the_longest_window_and_the_ledger_knows_the_day_before() -> None:
    assert {span.name: span.graph_back for span in SPANS if span.since != "day"} == {
        "window": LONGEST_WINDOW.days,
        "campaign": LONGEST_WINDOW.days,
        "history": 30,
        "before": 0,
    }
    assert [span for span in SPANS if span.days_ahead < 0] == [BEFORE]
