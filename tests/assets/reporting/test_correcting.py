"""When a report that has left is corrected: by how much its numbers have to change, and which revision comes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from assets.reporting.correcting import Revision, Revisions, Rule, badge_of, why_correct
from reports.facts.to_date import Figures

RULE = Rule(0.1, 5)
HUNDRED = Figures(10_000, 100.0, 100, 500_000, 90_000)


@pytest.mark.parametrize(
    ("told", "now", "names"),
    [
        (HUNDRED, HUNDRED, []),
        (HUNDRED, replace(HUNDRED, conversions=109.9, sample=109), []),
        (HUNDRED, replace(HUNDRED, conversions=110.0, sample=110), ["conversions"]),
        (HUNDRED, replace(HUNDRED, conversions=90.0, sample=90), ["conversions"]),
        # A tenth of revenue, and more than five average orders.
        (HUNDRED, replace(HUNDRED, revenue_minor=450_000), ["revenue"]),
        (HUNDRED, replace(HUNDRED, revenue_minor=451_000), []),
        (HUNDRED, replace(HUNDRED, delivered=11_000), ["ads"]),
        (HUNDRED, replace(HUNDRED, spend_minor=80_000), ["spend"]),
        (HUNDRED, replace(HUNDRED, spend_minor=None), []),
        # One order more of nine is a tenth, but no five orders.
        (Figures(0, 9.0, 9, 45_000), Figures(0, 10.0, 10, 50_000), []),
        (Figures(0, 9.0, 9, 450_000), Figures(0, 49.0, 49, 2_450_000), ["conversions", "revenue", "badge"]),
        (Figures(0, 4.0, 4, 0), Figures(0, 5.0, 5, 0), ["badge"]),
        (Figures(0, 30.0, 30, 0), Figures(0, 29.0, 29, 0), ["badge"]),
        (Figures(), Figures(0, 5.0, 5, 500), ["conversions", "revenue", "badge"]),
        (Figures(0, 8.0, 8, None), Figures(0, 8.0, 8, None), []),
    ],
)
def test_a_report_is_corrected_from_a_tenth_and_five_conversions_or_another_badge(
    told: Figures, now: Figures, names: list[str]
) -> None:
    assert [reason.split()[0] for reason in why_correct(told, now, RULE)] == names


def test_thresholds_are_the_tenant_s() -> None:
    more = replace(HUNDRED, conversions=103.0, sample=103)
    assert why_correct(HUNDRED, more, Rule(0.03, 3)) == ["conversions 100 → 103"]
    assert why_correct(HUNDRED, more, Rule(0.03, 4)) == []


def test_badges_are_those_of_the_thresholds() -> None:
    assert [badge_of(sample) for sample in (0, 4, 5, 29, 30)] == [
        "too_few", "too_few", "low_confidence", "low_confidence", "ok",
    ]  # fmt: skip


def revision(number: int, state: str, *, is_changed: bool = True, figures: Figures | None = HUNDRED) -> Revision:
    return Revision(UUID(int=number), number, state, datetime(2026, 3, 10, tzinfo=UTC), figures, is_changed)


@pytest.mark.parametrize(
    ("states", "to_look_at", "next_number"),
    [
        (["frozen"], True, 2),
        (["frozen", "waiting"], True, 2),
        (["frozen", "frozen"], True, 3),
        # A correction that was taken back is made again; a report that never left is left to the gate.
        (["frozen", "held"], True, 2),
        (["held"], False, 1),
        (["skipped"], False, 1),
    ],
)
def test_what_has_left_stays_and_what_has_not_is_made_again(
    states: list[str], to_look_at: bool, next_number: int
) -> None:
    found = Revisions([revision(number, state) for number, state in enumerate(states, 1)])
    assert (found.to_look_at, found.next_number) == (to_look_at, next_number)


def test_a_report_whose_days_have_not_changed_or_that_kept_no_figures_is_left_alone() -> None:
    assert not Revisions([revision(1, "frozen", is_changed=False)]).to_look_at
    assert not Revisions([revision(1, "frozen", figures=None)]).to_look_at


def test_old_and_new_are_of_the_revision_that_has_left() -> None:
    old = replace(HUNDRED, conversions=80.0)
    found = Revisions([revision(1, "frozen", figures=old), revision(2, "waiting")])
    corrected = found.corrected_by(HUNDRED)
    assert corrected is not None
    assert (corrected.revision, corrected.old, corrected.new) == (1, old, HUNDRED)
    assert Revisions([revision(1, "waiting")]).corrected_by(HUNDRED) is None
