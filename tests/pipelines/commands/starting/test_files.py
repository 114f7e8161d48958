"""The days of a first campaign: every request of the log is in one, as the tenant counts days."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from pipelines.commands.starting.answers import Answers, complete
from pipelines.commands.starting.command import init
from pipelines.commands.starting.files import MOST_DAYS, Days, days_of_campaign, local_days
from sql.values import PermanentError

LOG = Days(date(2026, 3, 2), date(2026, 3, 8))
FIRST_AT, LAST_AT = datetime(2026, 3, 2, 1, tzinfo=UTC), datetime(2026, 3, 8, 23, 30, tzinfo=UTC)


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    log = tmp_path / "a.log"
    log.write_text("a line\n")
    given = ["--tenant", "north", "--feed", "https://n.example/f.xml", "--log", str(log), "--recipient", "a@n.example"]
    with init.make_context("init", given) as context:
        return complete(dict(context.params), is_terminal=False, store={})


@pytest.mark.parametrize(
    ("timezone", "first", "last"),
    [
        ("UTC", date(2026, 3, 2), date(2026, 3, 8)),
        ("America/New_York", date(2026, 3, 1), date(2026, 3, 8)),
        ("Europe/Berlin", date(2026, 3, 2), date(2026, 3, 9)),
    ],
)
def test_days_are_those_of_the_first_and_the_last_request_where_the_tenant_lives(
    answers: Answers, timezone: str, first: date, last: date
) -> None:
    run = days_of_campaign(answers, LOG)
    assert local_days(answers, run, FIRST_AT, LAST_AT, timezone) == (first, last)


def test_days_that_were_said_stay_and_today_is_never_one(answers: Answers) -> None:
    said = replace(answers, starts=date(2026, 3, 3), ends=date(2026, 3, 5))
    assert local_days(said, days_of_campaign(said, LOG), FIRST_AT, LAST_AT, "Europe/Berlin") == (said.starts, said.ends)
    now = datetime.now(UTC)
    days = Days.until_yesterday(now.date() - timedelta(days=3), now.date())
    assert local_days(answers, days_of_campaign(answers, days), now - timedelta(days=2), now, "UTC")[1] == days.last


def test_a_line_of_ten_years_ago_makes_no_campaign_of_ten_years(answers: Answers) -> None:
    first, last = days_of_campaign(answers, Days(date(2016, 3, 2), LOG.last))
    assert (last - first).days == MOST_DAYS - 1


def test_a_log_of_today_and_a_campaign_of_other_days_are_named(answers: Answers) -> None:
    today = datetime.now(UTC).date()
    with pytest.raises(PermanentError, match="all of the log is of today"):
        Days.until_yesterday(today, today)
    with pytest.raises(PermanentError, match="to run from 2026-04-01 to 2026-04-30, and the log is of 2026-03-02"):
        days_of_campaign(replace(answers, starts=date(2026, 4, 1), ends=date(2026, 4, 30)), LOG)
