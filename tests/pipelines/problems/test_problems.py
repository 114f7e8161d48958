"""Problems: whatever is wrong is told once by every way, and once more when it is solved, whatever fails beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from click.testing import Result
from dagster import DagsterRunStatus, SkipReason, build_sensor_context

from pipelines.doctor.work import last_due
from pipelines.problems.failed_runs import EndedRun, open_runs
from pipelines.problems.finding import NEAR_MORNING, next_morning
from pipelines.problems.sensor import problems
from sql.events import collect_events
from tests.pipelines.small_network import add_tenant, named
from tests.reports.delivery.alerts.conftest import Hook
from tests.reports.delivery.conftest import MailServer

if TYPE_CHECKING:
    from tests.pipelines.installation import Installation

NOW = datetime.now(UTC)
REPORT = "9b1f7c1e-0000-4000-8000-000000000001"
OPERATOR, OWNER = "ops@signal.example", "dana@harbor.example"

# One of them has its next morning within half a day, one not before that.
ZONES = ("UTC", "Asia/Tokyo", "America/Los_Angeles")


def zone(*, near: bool) -> str:
    """A zone whose morning stays near, or far, for the next half hour."""
    earliest, latest = (timedelta(), NEAR_MORNING) if near else (NEAR_MORNING, timedelta(days=1))
    now, slack = datetime.now(UTC), timedelta(minutes=30)
    waits = {each: next_morning(now, ZoneInfo(each)) - now for each in ZONES}
    return next(each for each, wait in waits.items() if earliest + slack < wait < latest - slack)


@dataclass
class Post:
    """Where alerts arrive."""

    mails: MailServer
    hook: Hook

    @property
    def letters(self) -> list[tuple[str, str]]:
        """To whom, and the subject, of what the mail server took."""
        return [
            (to, str(message_from_bytes(raw, policy=policy.default)["Subject"]).strip()) for to, raw in self.mails.taken
        ]


@pytest.fixture
def post() -> Iterator[Post]:
    made = Post(MailServer(), Hook())
    yield made
    made.mails.close()
    made.hook.close()


def look(installation: Installation, post: Post, **changes: str) -> Result:
    settings = {"SMTP_PORT": str(post.mails.port), "EARSHOT_ALERT_WEBHOOK": post.hook.url, **changes}
    result = installation.call("alerts", "look", **settings)
    assert result.exit_code == 0, result.output
    return result


def add_report(installation: Installation, state: str, **values: object) -> None:
    row = {
        "tenant_id": named("harbor"),
        "report_id": REPORT,
        "subscription_id": named("harbor", "weekly"),
        "sponsor_id": named("harbor", "sponsor"),
        "cadence": "weekly",
        "period_start": date(2026, 3, 2),
        "period_end": date(2026, 3, 8),
        "timezone": "UTC",
        "state": state,
        "as_of": NOW,
        "code_version": "1",
        "run_id": REPORT,
        **values,
    }
    marks = ", ".join(["%s"] * len(row))
    installation.execute(f"INSERT INTO reports ({', '.join(row)}) VALUES ({marks})", *row.values())


def fail_run(it: Installation) -> None:
    it.history.run(
        "daily_rollups", DagsterRunStatus.FAILURE, NOW - timedelta(hours=3), {"earshot/day": "2026-10-01 to 2026-10-03"}
    )


def mend_run(it: Installation) -> None:
    for hours, days in ((2, "2026-10-01 to 2026-10-02"), (1, "2026-10-03")):
        it.history.run("daily_rollups", DagsterRunStatus.SUCCESS, NOW - timedelta(hours=hours), {"earshot/day": days})


def lose_day(it: Installation) -> None:
    it.execute("DELETE FROM rollup_ledger WHERE asset = 'tenant_checks' AND day = %s", last_due(datetime.now(UTC)))


def mend_day(it: Installation) -> None:
    it.execute(
        "INSERT INTO rollup_ledger (asset, day, tenant_id, run_id, rows, status)"
        " SELECT 'tenant_checks', day, tenant_id, run_id, 1, 'final' FROM rollup_ledger"
        " WHERE asset = 'downloads' AND day = %s",
        last_due(datetime.now(UTC)),
    )


def hold_report(it: Installation) -> None:
    it.execute("UPDATE tenants SET timezone = %s", zone(near=True))
    add_report(it, "held", held_reason="2026-03-04 failed credits_sum")


def free_report(it: Installation) -> None:
    it.execute("UPDATE reports SET state = 'frozen', content_hash = 'x'")


def keep_mail(it: Installation) -> None:
    add_report(it, "frozen", content_hash="x")
    it.execute(
        "INSERT INTO report_deliveries (tenant_id, delivery_id, report_id, revision, recipient, detail, created_at)"
        " VALUES (%s, %s, %s, 1, 'maud@kettle.example', '535 who are you?', now() - interval '2 hours')",
        *(named("harbor"), REPORT, REPORT),
    )


def accept_mail(it: Installation) -> None:
    it.execute("UPDATE report_deliveries SET state = 'accepted'")


def lapse_entry(it: Installation) -> None:
    it.execute(
        "INSERT INTO ip_inclusions (tenant_id, network, reason, validated_at)"
        " VALUES (%s, '192.0.2.0/24', 'dormitory', now() - interval '91 days')",
        named("harbor"),
    )


def validate_entry(it: Installation) -> None:
    it.execute("UPDATE ip_inclusions SET validated_at = now()")


def leave_erasure(it: Installation) -> None:
    it.execute(
        "INSERT INTO erasure_requests (tenant_id, requested_at, requested_by, kind, address)"
        " VALUES (%s, now() - interval '25 hours', 'Ada', 'address', '10.1.2.3')",
        named("harbor"),
    )


def withdraw_erasure(it: Installation) -> None:
    it.execute("UPDATE erasure_requests SET state = 'withdrawn', ended_at = now(), withdrawn_by = 'Bo', address = NULL")


def nothing(_: Installation) -> None:
    """The disk is as it is: the setting decides."""


Step = Callable[["Installation"], None]
KINDS: dict[str, tuple[Step, Step, str, str, str]] = {
    "failed_run": (fail_run, mend_run, OPERATOR, "A run failed: daily_rollups of 2026-10-01 to 2026-10-03", "0"),
    "late_night": (lose_day, mend_day, OPERATOR, "A night is late: 1 tenant(s) lack days up to ", "0"),
    "held_report": (
        hold_report,
        free_report,
        OWNER,
        "A report is held: Kettle & Co, all campaigns, 2026-03-02 to 2026-03-08",
        "0",
    ),
    "paused_sender": (keep_mail, accept_mail, OPERATOR, "No mail leaves", "0"),
    "full_disk": (nothing, nothing, OPERATOR, "A disk is full: ", "100"),
    "lapsed_list": (lapse_entry, validate_entry, OWNER, "Entries of the inclusion list of harbor have lapsed: 1", "0"),
    "late_erasure": (leave_erasure, withdraw_erasure, OPERATOR, "Erasures wait for more than a day: 1", "0"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_problem_is_told_once_by_every_way_and_once_when_it_is_solved(
    installation: Installation, post: Post, kind: str
) -> None:
    spoil, mend, whom, headline, full = KINDS[kind]
    installation.execute("UPDATE tenants SET owner_address = %s", OWNER)
    assert "Nothing is wrong." in look(installation, post).stdout
    spoil(installation)
    first = look(installation, post, EARSHOT_DISK_FREE_PERCENT=full)
    assert "Alerts: 2 sent." in first.stdout
    assert kind in first.stdout
    second = look(installation, post, EARSHOT_DISK_FREE_PERCENT=full)
    assert "New:" not in second.stdout
    assert kind in second.stdout
    mend(installation)
    assert "Nothing is wrong." in look(installation, post).stdout
    look(installation, post)
    (opened, solved) = post.letters
    assert (opened[0], solved[0]) == (whom, whom)
    assert opened[1].startswith(headline)
    assert solved[1] == f"Solved: {opened[1]}"
    assert [text.partition("\n")[0].replace("&amp;", "&") for text in post.hook.texts] == [opened[1], solved[1]]
    assert "docs/runbook.md: " in post.hook.texts[0]


def test_a_problem_that_comes_back_is_told_again_and_each_is_an_event(
    installation: Installation, post: Post, tmp_path: Path
) -> None:
    log = tmp_path / "events.jsonl"
    for full in ("100", "0", "100"):
        look(installation, post, EARSHOT_DISK_FREE_PERCENT=full, EARSHOT_EVENT_LOG=str(log))
    collect_events(None)
    events = [json.loads(line)["event"] for line in log.read_text().splitlines()]
    told = ["alert_tried", "alert_tried"]
    assert events == ["problem_opened", *told, "problem_solved", *told, "problem_opened", *told]
    assert [subject[:12] for _, subject in post.letters] == ["A disk is fu", "Solved: A di", "A disk is fu"]


def test_a_webhook_that_fails_does_not_stop_the_mail_and_gets_it_later(installation: Installation, post: Post) -> None:
    post.hook.status = 404
    result = look(installation, post, EARSHOT_DISK_FREE_PERCENT="100")
    assert "1 queued, 1 sent" in result.stdout
    assert len(post.letters) == 1
    post.hook.status = 200
    installation.execute("UPDATE alerts SET not_before = now()")
    sent = installation.call(
        "deliver", SMTP_PORT=str(post.mails.port), EARSHOT_ALERT_WEBHOOK=post.hook.url, EARSHOT_DISK_FREE_PERCENT="100"
    )
    assert "Alerts: 1 sent." in sent.stdout
    assert (len(post.letters), len(post.hook.texts)) == (1, 1)


def test_a_mail_server_that_is_away_is_tried_once_a_look_and_every_problem_is_posted(
    installation: Installation, post: Post
) -> None:
    lose_day(installation)
    fail_run(installation)
    result = look(installation, post, EARSHOT_DISK_FREE_PERCENT="100", SMTP_PORT="9")
    assert "1 queued, 3 sent" in result.stdout
    assert (len(post.letters), len(post.hook.texts)) == (0, 3)


def test_a_sender_that_cannot_be_used_does_not_stop_the_webhook(installation: Installation, post: Post) -> None:
    result = look(installation, post, EARSHOT_DISK_FREE_PERCENT="100", EARSHOT_MAIL_FROM="reports@earshot.invalid")
    assert "alerts cannot be mailed: " in result.stdout
    assert (len(post.letters), len(post.hook.texts)) == (0, 1)


def test_without_anybody_to_tell_problems_are_noted_all_the_same(installation: Installation, post: Post) -> None:
    result = look(installation, post, EARSHOT_DISK_FREE_PERCENT="100", EARSHOT_ALERT_MAIL="", EARSHOT_ALERT_WEBHOOK="")
    assert "full_disk" in result.stdout
    assert (post.letters, post.hook.texts) == ([], [])


def test_a_tenant_that_cannot_be_looked_at_keeps_its_problems_open_and_stops_no_other(
    installation: Installation, post: Post
) -> None:
    installation.execute("UPDATE tenants SET owner_address = %s", OWNER)
    lapse_entry(installation)
    look(installation, post)
    add_tenant(installation.warehouse, "kreuz", "Europe/Berlin", "EUR")
    installation.execute("UPDATE tenants SET owner_address = 'kim@kreuz.example' WHERE slug = 'kreuz'")
    installation.execute("ALTER TABLE ip_inclusions DROP CONSTRAINT IF EXISTS ip_inclusions_validated_at_in_bounds")
    installation.execute("UPDATE ip_inclusions SET validated_at = 'infinity'")
    installation.execute(
        "INSERT INTO ip_inclusions (tenant_id, network, reason, validated_at)"
        " VALUES (%s, '198.51.100.0/24', 'office', now() - interval '95 days')",
        named("kreuz"),
    )
    result = look(installation, post)
    assert "lapsed_list of harbor could not be looked for: " in result.stdout
    assert "Solved" not in result.stdout
    assert [to for to, _ in post.letters] == [OWNER, "kim@kreuz.example"]


def test_a_history_that_is_away_closes_nothing_and_the_rest_is_looked_for(
    installation: Installation, post: Post
) -> None:
    fail_run(installation)
    look(installation, post)
    result = look(
        installation, post, DAGSTER_POSTGRES_URL="postgresql+psycopg2://127.0.0.1:9/x", EARSHOT_DISK_FREE_PERCENT="100"
    )
    assert "failed_run could not be looked for: " in result.stdout
    assert [subject[:12] for _, subject in post.letters] == ["A run failed", "A disk is fu"]


def test_a_held_report_far_from_its_morning_is_not_told_yet(installation: Installation, post: Post) -> None:
    installation.execute("UPDATE tenants SET timezone = %s", zone(near=False))
    add_report(installation, "held", held_reason="2026-03-04 failed credits_sum")
    assert "Nothing is wrong." in look(installation, post).stdout
    installation.execute("UPDATE tenants SET timezone = %s, owner_address = %s", zone(near=True), OWNER)
    assert "held_report" in look(installation, post).stdout
    installation.execute("UPDATE tenants SET timezone = %s", zone(near=False))
    assert "held_report" in look(installation, post).stdout, "it is still held"
    assert len(post.letters) == 1


def test_the_sensor_tells_what_is_new(installation: Installation, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**installation.settings, "SMTP_PORT": str(post.mails.port)}.items():
        monkeypatch.setenv(name, value)
    lose_day(installation)
    for expected in ("A night is late: .* \\(1 sent\\)", "Nothing is new"):
        tick = problems(build_sensor_context(resources={"warehouse": installation.warehouse}))
        assert isinstance(tick, SkipReason)
        assert re.search(expected, str(tick.skip_message))
    assert [to for to, _ in post.letters] == [OPERATOR]


def ended(status: str, number: int, day: str = "", tenants: str = "", *, retried: bool = False) -> EndedRun:
    days = [date.fromisoformat(each) for each in day.split()]
    return EndedRun(
        run_id=f"{number:08}",
        job="daily_rollups",
        succeeded=status == "ok",
        ended_at=NOW + timedelta(minutes=number),
        days=frozenset(days),
        tenants=frozenset(tenants.split()),
        day_text=day,
        will_retry=retried,
    )


@pytest.mark.parametrize(
    ("runs", "still_open"),
    [
        ([ended("no", 1)], 1),
        ([ended("no", 1), ended("ok", 2)], 0),
        ([ended("ok", 1), ended("no", 2)], 1),
        ([ended("no", 1, retried=True)], 0),
        ([ended("no", 1), ended("no", 2)], 1),
        ([ended("no", 1, "2026-01-01 2026-01-02"), ended("ok", 2, "2026-01-01")], 1),
        (
            [
                ended("no", 1, "2026-01-01 2026-01-02"),
                ended("ok", 2, "2026-01-01"),
                ended("ok", 3, "2026-01-02 2026-01-03"),
            ],
            0,
        ),
        ([ended("no", 1, "2026-01-01"), ended("ok", 2, "2026-01-01", "harbor")], 1),
        ([ended("no", 1, "2026-01-01", "harbor"), ended("ok", 2, "2026-01-01", "kreuz harbor")], 0),
        ([ended("no", 1, "2026-01-01", "harbor"), ended("ok", 2, "2026-01-01")], 0),
        ([ended("no", 1, "2026-01-01", "harbor"), ended("ok", 2, "2026-01-01", "kreuz")], 1),
    ],
)
def test_a_failed_run_is_made_good_by_later_ones_of_all_its_days_and_tenants(
    runs: list[EndedRun], still_open: int
) -> None:
    assert len(list(open_runs(runs))) == still_open


@pytest.mark.parametrize(
    ("now", "timezone", "morning"),
    [
        ("2026-11-30T05:59:00+00:00", "UTC", "2026-11-30T06:00:00+00:00"),
        ("2026-11-30T06:00:00+00:00", "UTC", "2026-12-01T06:00:00+00:00"),
        ("2026-11-30T22:00:00+00:00", "Asia/Tokyo", "2026-12-01T21:00:00+00:00"),
        # The night on which clocks go back has 25 hours.
        ("2026-10-24T20:00:00+00:00", "Europe/Berlin", "2026-10-25T05:00:00+00:00"),
    ],
)
def test_the_next_morning_is_by_the_tenants_clock(now: str, timezone: str, morning: str) -> None:
    found = next_morning(datetime.fromisoformat(now), ZoneInfo(timezone))
    assert found.astimezone(UTC) == datetime.fromisoformat(morning)
