"""earshot doctor, as a person or a probe calls it: what is wrong is found, with its level and what to do."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import Result
from dagster._core.scheduler.instigation import TickStatus

from assets.listening.identity.key_files import add_version
from pipelines.doctor.database import CLOCKS_WRONG_S, judge_clocks
from pipelines.doctor.finding import Level
from pipelines.doctor.work import last_due
from tests.pipelines.small_network import named

if TYPE_CHECKING:
    from tests.pipelines.installation import Installation

ROOT = Path(__file__).parents[3]
NOW = datetime.now(UTC)


def findings(result: Result) -> dict[tuple[str, str], dict[str, Any]]:
    """By check and level."""
    return {(each["check"], each["level"]): each for each in json.loads(result.stdout)["findings"]}


def wrong(result: Result) -> set[tuple[str, str]]:
    """Checks that are not ok, but for the tests' server, where one login does everything."""
    return {key for key in findings(result) if key[1] != "ok" and key[0] != "logins"}


def test_where_all_is_well_every_line_is_ok_and_the_probe_passes(installation: Installation) -> None:
    result = installation.doctor("--json")
    assert wrong(result) == set()
    assert result.exit_code == 1, "one login for everything is a warning"
    quick = installation.doctor("--json", "--quick")
    assert quick.exit_code == 0
    assert set(findings(quick)) == {("configuration", "ok"), ("database", "ok")}
    table = installation.doctor()
    assert "ok       coverage: 1 tenant(s) have every day up to" in table.stdout
    assert "what to do: docs/roles.md, 'Two logins', says how to make two" in table.stdout
    assert "0 problem(s), 1 warning(s), " in table.stdout


def test_days_that_are_lacking_and_tables_that_are_stale_are_named_by_tenant(installation: Installation) -> None:
    last = last_due(datetime.now(UTC))
    gone = "DELETE FROM rollup_ledger WHERE asset = 'tenant_checks' AND day = ANY(%s)"
    installation.execute(gone, [last, last - timedelta(days=3)])
    installation.execute("UPDATE rollup_ledger SET began_at = began_at - interval '1 h' WHERE asset = 'campaign_roi'")
    found = findings(installation.doctor("--json"))
    late = found["coverage", "problem"]
    assert late["tenant"] == "harbor"
    assert late["meaning"].startswith(
        f"2 day(s) up to {last} are not computed, the first is {last - timedelta(days=3)}"
    )
    assert f"`earshot backfill --tenant harbor --from {last - timedelta(days=3)} --to {last}`" in late["advice"]
    assert found["stale", "warning"]["tenant"] == "harbor"
    assert "`earshot heal`" in found["stale", "warning"]["advice"]


def test_a_tenant_of_which_nothing_was_computed_lacks_no_day(installation: Installation) -> None:
    installation.execute("DELETE FROM rollup_ledger")
    found = findings(installation.doctor("--json"))
    assert ("coverage", "problem") not in found
    assert found["coverage", "warning"]["meaning"] == "nothing was ever computed for harbor"


def test_open_failures_lapsed_inclusions_and_mails_that_wait_are_found(installation: Installation) -> None:
    tenant = named("harbor")
    installation.execute(
        "INSERT INTO tenant_failures (tenant_id, stage, subject, day, cause, error_class)"
        " VALUES (%s, 'computing', 'downloads', '2026-01-02', 'no rate', 'PermanentError')",
        tenant,
    )
    installation.execute(
        "INSERT INTO ip_inclusions (tenant_id, network, reason, validated_at)"
        " VALUES (%s, '192.0.2.0/24', 'dormitory', now() - interval '91 days'),"
        " (%s, '198.51.100.0/24', 'office', now() - interval '80 days')",
        *(tenant, tenant),
    )
    installation.execute(
        "INSERT INTO erasure_requests (tenant_id, requested_at, requested_by, kind, address)"
        " VALUES (%s, now() - interval '25 hours', 'Ada', 'address', '10.1.2.3'),"
        " (%s, now() - interval '23 hours', 'Ada', 'address', '10.1.2.4')",
        *(tenant, tenant),
    )
    report = "9b1f7c1e-0000-4000-8000-000000000001"
    installation.execute(
        "INSERT INTO reports (tenant_id, report_id, subscription_id, sponsor_id, cadence, period_start, period_end,"
        " timezone, state, as_of, code_version, content_hash, run_id)"
        " VALUES (%s, %s, %s, %s, 'weekly', '2026-03-02', '2026-03-08', 'UTC', 'frozen', now(), '1', 'x', %s)",
        *(tenant, report, named("harbor", "weekly"), named("harbor", "sponsor"), report),
    )
    installation.execute(
        "INSERT INTO report_deliveries (tenant_id, delivery_id, report_id, revision, recipient, detail, created_at)"
        " VALUES (%s, %s, %s, 1, 'maud@kettle.example', '535 who are you?', now() - interval '2 hours')",
        *(tenant, report, report),
    )
    found = findings(installation.doctor("--json"))
    assert found["failures", "problem"]["meaning"] == "computing downloads"
    lists = [each for each in json.loads(installation.doctor("--json").stdout)["findings"] if "list" in each["check"]]
    assert [each["meaning"] for each in lists] == [
        "lapsed, and counts no more: 192.0.2.0/24",
        "lapses within two weeks: 198.51.100.0/24",
    ]
    assert found["erasures", "problem"]["meaning"].endswith("UTC: nothing has tried it")
    assert "10.1.2.3" not in installation.doctor("--json").stdout
    assert found["queue", "problem"]["meaning"].endswith("UTC: 535 who are you?")
    assert found["queue", "problem"]["meaning"].startswith("1 mail(s) wait since ")


def test_schedules_that_were_stopped_or_fail_and_a_dead_daemon_are_found(installation: Installation) -> None:
    installation.history.clear()
    installation.history.stop("nightly_days")
    installation.history.tick("feed_ticks", TickStatus.FAILURE, NOW - timedelta(hours=2), "KeyError: 'x'")
    installation.history.tick("delivery_ticks", TickStatus.FAILURE, NOW - timedelta(hours=2), "gone")
    installation.history.tick("delivery_ticks", TickStatus.SKIPPED, NOW - timedelta(hours=1))
    found = findings(installation.doctor("--json"))
    assert found["daemon", "problem"]["meaning"].startswith("it does not run (last seen: never)")
    assert found["schedules", "warning"]["meaning"] == "the schedule nightly_days was stopped by a person"
    assert found["schedules", "problem"]["meaning"].startswith("feed_ticks failed at ")
    assert "delivery_ticks" not in str(found)


def test_pending_migrations_and_tables_without_row_level_security_are_problems(installation: Installation) -> None:
    installation.execute("ALTER TABLE downloads DISABLE ROW LEVEL SECURITY")
    installation.execute("REVOKE SELECT ON conversions FROM earshot_etl")
    result = installation.doctor("--json")
    roles = [each["meaning"] for each in json.loads(result.stdout)["findings"] if each["check"] == "roles"]
    assert roles == [
        "tables of tenants without row-level security: downloads",
        "tables that the pipeline may not read: conversions",
    ]
    differs = findings(result)["schema", "problem"]["meaning"]
    assert differs.startswith("2 difference(s) from what the migrations make, the first: ")
    installation.execute("DELETE FROM schema_migrations WHERE name LIKE '0021%%'")
    result = installation.doctor("--json")
    assert result.exit_code == 2
    pending = findings(result)["migrations", "problem"]
    assert (pending["meaning"], pending["advice"]) == ("pending: 0021_setting_edits", "`earshot db migrate`")


def test_a_database_that_is_away_is_one_problem_and_the_rest_is_looked_at(installation: Installation) -> None:
    result = installation.doctor("--json", DATABASE_URL="postgresql://earshot:hush-hush@127.0.0.1:9/earshot")
    assert result.exit_code == 2
    assert "hush-hush" not in result.output
    assert wrong(result) == {("database", "problem")}
    assert ("disk", "ok") in findings(result)
    assert installation.doctor("--quick", DATABASE_URL="postgresql://127.0.0.1:9/earshot").exit_code == 2


def test_a_setting_that_cannot_be_read_is_a_problem_of_its_own(installation: Installation) -> None:
    result = installation.doctor("--json", EARSHOT_DISK_FREE_PERCENT="a lot")
    assert result.exit_code == 2
    assert "EARSHOT_DISK_FREE_PERCENT is 'a lot'" in findings(result)["configuration", "problem"]["meaning"]


def test_a_version_of_the_keys_that_waits_or_that_the_ring_lacks_is_found(installation: Installation) -> None:
    path = Path(installation.settings["EARSHOT_KEYRING"])
    add_version(path)
    waiting = findings(installation.doctor("--json"))["keys", "warning"]
    assert waiting["meaning"] == "a newer version waits in the ring for harbor"
    installation.execute(
        "INSERT INTO key_rotations (tenant_id, version, rotated_by, counts) VALUES (%s, 3, 'Ada', '{}')",
        named("harbor"),
    )
    lacking = findings(installation.doctor("--json"))["keys", "problem"]
    assert "lacks version 3" in lacking["meaning"]
    assert lacking["tenant"] == "harbor"


def test_a_full_disk_a_lost_key_ring_and_a_mail_server_that_is_away_are_found(installation: Installation) -> None:
    Path(installation.settings["EARSHOT_KEYRING"]).unlink()
    result = installation.doctor("--json", EARSHOT_DISK_FREE_PERCENT="100", SMTP_PORT="9", EARSHOT_ALERT_MAIL="")
    assert wrong(result) == {
        ("disk", "problem"),
        ("key ring", "problem"),
        ("sender", "problem"),
        ("alerts", "warning"),
    }
    assert "docs/runbook.md, 'A full disk'" in findings(result)["disk", "problem"]["advice"]


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("reports@open.example", {("spf", "problem"), ("dmarc", "problem"), ("mx", "warning"), ("dkim", "problem")}),
        ("reports@twice.example", {("spf", "problem"), ("dmarc", "problem"), ("mx", "warning"), ("dkim", "problem")}),
        ("reports@mail.signal.example", {("spf", "problem"), ("mx", "warning"), ("dkim", "problem")}),
    ],
)
def test_what_the_dns_of_the_sending_domain_lacks_is_found(
    installation: Installation, sender: str, expected: set[tuple[str, str]]
) -> None:
    assert wrong(installation.doctor("--json", EARSHOT_MAIL_FROM=sender)) == expected


def test_records_are_read_through_aliases_and_split_texts_and_a_revoked_key_is_none(installation: Installation) -> None:
    found = findings(installation.doctor("--json", EARSHOT_DKIM_SELECTORS="s1 s2"))
    assert found["spf", "ok"]["meaning"] == "signal.example: v=spf1 include:_spf.mail.example ~all"
    assert found["dkim", "ok"]["meaning"] == "s1._domainkey.signal.example has a key"
    assert "s2._domainkey.signal.example was revoked" in found["dkim", "problem"]["meaning"]


def test_where_no_dns_answers_the_records_could_not_be_looked_up(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipelines.doctor.dns_records.LIFETIME_S", 0.2)
    installation.dns = "127.0.0.1:9"
    result = installation.doctor("--json")
    assert wrong(result) == {("spf", "warning"), ("dmarc", "warning"), ("mx", "warning"), ("dkim", "warning")}
    assert "could not be looked up" in findings(result)["mx", "warning"]["meaning"]


@pytest.mark.parametrize(
    ("before", "after", "level"),
    [
        (0.4, -0.4, Level.OK),
        (3.0, -3.0, Level.OK),
        (-5.0, -6.0, Level.WARNING),
        (8.0, 5.0, Level.WARNING),
        (CLOCKS_WRONG_S + 9, CLOCKS_WRONG_S + 1, Level.PROBLEM),
    ],
)
def test_clocks_are_apart_only_by_what_the_question_cannot_explain(before: float, after: float, level: Level) -> None:
    assert judge_clocks(before, after).level == level


def test_a_probe_of_liveness_loads_neither_the_orchestrator_nor_what_computes(installation: Installation) -> None:
    code = (
        "import sys\nfrom pipelines.cli import main\n"
        "try: main(['doctor', '--quick'], standalone_mode=False)\nexcept SystemExit as end: assert end.code == 0\n"
        "print(*sorted({'dagster', 'polars', 'dns', 'sqlalchemy'} & set(sys.modules)), file=sys.stderr)"
    )
    env = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **installation.settings}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stderr.splitlines()[-1] == ""
