"""Facts: those that contradict each other are refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from reports.facts.report_facts import Daily, FactsError, Period, ReportFacts
from sql.values import Interval

ChangeFacts = Callable[..., ReportFacts]


def test_more_of_a_period_s_own_than_there_are_is_refused(facts: ReportFacts) -> None:
    with pytest.raises(FactsError, match="own ads earned 351 of 350 conversions"):
        replace(facts, now=replace(facts.now, own_conversions=351.0))


def test_facts_that_contradict_themselves_are_refused(facts: ReportFacts, change_facts: ChangeFacts) -> None:
    with pytest.raises(FactsError, match="daily numbers for a period"):
        change_facts(daily=Daily((1, 2)))
    with pytest.raises(FactsError, match="the days sum to"):
        change_facts(now=replace(facts.now, delivered=1))
    with pytest.raises(FactsError, match="the placements sum to 646824 ads"):
        change_facts(placements=facts.placements * 2)
    with pytest.raises(FactsError, match="outside their interval"):
        change_facts(now=replace(facts.now, conversions_interval=Interval(12, 6.2, 20.9)))
    with pytest.raises(FactsError, match="view_online link"):
        change_facts(view_online="javascript:alert(1)")
    with pytest.raises(FactsError, match="on or after"):
        Period(date(2026, 1, 2), date(2026, 1, 1))
