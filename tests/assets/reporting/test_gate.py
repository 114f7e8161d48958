"""The gate: a report goes out only on final, computed and checked days, and says what is missing otherwise."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import polars as pl

from assets.reporting.figures.periods import week_of
from assets.reporting.gate import decide

ASSETS = ("downloads", "campaign_roi")
PERIOD = week_of(date(2026, 11, 9), "Europe/Berlin")
# Berlin's week touches the UTC Sunday before it.
DAYS = [date(2026, 11, 8) + timedelta(days=n) for n in range(8)]
LATER = datetime(2026, 11, 20, tzinfo=UTC)


def ledger(status: str = "final") -> pl.DataFrame:
    rows = [{"asset": asset, "day": day, "status": status} for asset in ASSETS for day in DAYS]
    return pl.DataFrame(rows)


def checks(passed: bool = True) -> pl.DataFrame:
    return pl.DataFrame(
        [{"day": day, "check_name": "credits_sum", "passed": passed, "detail": "3 offence(s)"} for day in DAYS]
    )


def test_final_computed_and_checked_days_open_the_gate() -> None:
    assert decide(PERIOD, ledger(), checks(), ASSETS, 48, LATER).is_open


def test_a_period_that_may_still_change_says_when_it_will_be_ready() -> None:
    decision = decide(PERIOD, ledger(), checks(), ASSETS, 48, datetime(2026, 11, 17, tzinfo=UTC))
    # Berlin's week ends on Sunday at 23:00 UTC; the night in which UTC's Sunday is final is over by 02:00 of Wednesday.
    assert decision.ready_at == datetime(2026, 11, 18, 2, tzinfo=UTC)
    assert decision.text.startswith("It will be ready on Wednesday, 2026-11-18 at 03:00 (Europe/Berlin)")


def test_a_week_west_of_utc_waits_on_wednesday_for_the_day_that_is_final_on_thursday() -> None:
    week = week_of(date(2026, 11, 9), "America/Los_Angeles")
    days = list(week.window.days())
    assert days[-1] == date(2026, 11, 16)
    lines = [{"asset": each, "day": day, "status": "final"} for each in ASSETS for day in days[:-1]]
    lines += [{"asset": each, "day": days[-1], "status": "provisional"} for each in ASSETS]
    judged = pl.DataFrame([{"day": day, "check_name": "credits_sum", "passed": True, "detail": ""} for day in days])
    wednesday = datetime(2026, 11, 18, 14, tzinfo=UTC)

    waits = decide(week, pl.DataFrame(lines), judged, ASSETS, 48, wednesday)
    assert waits.ready_at == datetime(2026, 11, 19, 2, tzinfo=UTC)
    assert not waits.is_open

    late = decide(week, pl.DataFrame(lines), judged, ASSETS, 48, datetime(2026, 11, 19, 3, tzinfo=UTC))
    assert (late.ready_at, "still provisional" in late.text) == (None, True)

    # A day that should have been there long ago, or a failed check, is for somebody to heal: it does not wait.
    without_tuesday = pl.DataFrame([line for line in lines if line["day"] != days[1]])
    assert decide(week, without_tuesday, judged, ASSETS, 48, wednesday).ready_at is None
    spoilt = judged.with_columns(passed=pl.col("day") != days[0])
    assert decide(week, pl.DataFrame(lines), spoilt, ASSETS, 48, wednesday).ready_at is None


def test_a_day_that_only_the_local_period_touches_must_be_there_too() -> None:
    without_sunday = ledger().filter(pl.col("day") != DAYS[0])
    decision = decide(PERIOD, without_sunday, checks(), ASSETS, 48, LATER)
    assert decision.text == (
        "2026-11-08: not computed yet; `earshot backfill --from 2026-11-08 --to 2026-11-08` heals it."
    )


def test_a_day_that_was_computed_before_it_was_final_must_be_computed_again_first() -> None:
    assert "still provisional" in decide(PERIOD, ledger("provisional"), checks(), ASSETS, 48, LATER).text


def test_a_failed_check_holds_the_report_and_names_the_day_and_the_finding() -> None:
    text = decide(PERIOD, ledger(), checks(passed=False), ASSETS, 48, LATER).text
    assert "8 data check(s) failed, first credits_sum on 2026-11-08: 3 offence(s)." in text


def test_days_without_any_check_are_not_taken_for_good_ones() -> None:
    assert "not checked yet" in decide(PERIOD, ledger(), checks().head(0), ASSETS, 48, LATER).text


def test_the_reason_names_why_a_missing_table_could_not_be_computed() -> None:
    found = ledger().filter(pl.col("day") != DAYS[3])
    failures = pl.DataFrame(
        {
            "stage": ["computing", "computing", "reports"],
            "subject": ["downloads", "campaign_roi", "weekly_sponsor_reports"],
            "day": [DAYS[3], DAYS[0], DAYS[3]],
            "cause": ["no rate CHF/EUR of that day", "healed long ago", "of no table"],
        }
    )
    text = decide(PERIOD, found, checks(), ASSETS, 48, LATER, failures).text
    assert f"Why on {DAYS[3]}: no rate CHF/EUR of that day (downloads)." in text
    assert "healed long ago" not in text
    assert "of no table" not in text
