"""earshot reports: a campaign manager looks at reports before they leave, and decides what becomes of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from dagster import DagsterInstance

from assets.steps import DAILY_ASSETS
from pipelines.backfill.computing import run_job
from pipelines.cli import main
from pipelines.definitions import defs
from sql.embedded import Server
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.pipelines.running import compute, home_of_its_own, rows
from tests.pipelines.small_network import MONDAY, SUNDAY, named

Type = Callable[..., Result]
HARBOR = named("harbor")
BUILD = ("build", "--period", str(MONDAY))


@pytest.fixture
def url(server: Server, computed: str, home_folder: Path) -> Iterator[str]:
    with cloned_database(server, computed) as address, home_of_its_own(home_folder):
        yield address


@pytest.fixture
def week(url: str) -> Iterator[Warehouse]:
    warehouse = Warehouse(url)
    yield warehouse
    warehouse.close()


@pytest.fixture
def reports(url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Type:
    """Types `earshot reports ...`, as ann, on the week's database."""
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("EARSHOT_OUTBOX", str(tmp_path / "outbox"))
    monkeypatch.setenv("COLUMNS", "400")

    def typed(*words: object, by: str = "ann") -> Result:
        takes_by = words[0] not in ("list", "preview")
        return CliRunner().invoke(
            main, ["reports", *map(str, words), *(["--by", by] if takes_by else [])], standalone_mode=False
        )

    return typed


@pytest.fixture
def earshot(reports: Type) -> Type:
    """Types any command where `reports` would be typed."""

    def typed(*words: object) -> Result:
        return CliRunner().invoke(main, [str(word) for word in words], standalone_mode=False)

    return typed


def said(result: Result) -> str:
    assert result.exception is None, (result.output, result.exception)
    return " ".join(result.output.split())


def refused(result: Result) -> str:
    assert isinstance(result.exception, PermanentError), (result.output, result.exception)
    return str(result.exception)


def change(week: Warehouse, statement: str, *values: object) -> None:
    with week.transaction("earshot_owner") as connection:
        connection.execute(statement.encode(), values)


def states(week: Warehouse) -> dict[str, str]:
    return dict(rows(week, "SELECT slug, state FROM reports INNER JOIN tenants USING (tenant_id)"))


def id_of(reports: Type, tenant: str = "harbor") -> str:
    """The id of the tenant's report, as the list shows it."""
    found = re.search(rf"^([0-9a-f]{{8,}}) .* {tenant} ", reports("list").output, re.MULTILINE)
    assert found, reports("list").output
    return found[1]


def wait_for_approval(week: Warehouse) -> None:
    change(week, "UPDATE report_subscriptions SET needs_approval = TRUE WHERE tenant_id = %s", HARBOR)


def frozen_files(week: Warehouse) -> dict[str, bytes]:
    return dict(rows(week, "SELECT name, body FROM report_artefacts WHERE tenant_id = %s", HARBOR))


def without_mark(page: str) -> str:
    return re.sub(r"<!--draft-->.*<!--/draft-->", "", page)


def test_build_makes_the_reports_of_a_period_and_says_what_each_waits_for(week: Warehouse, reports: Type) -> None:
    week.forget(DAILY_ASSETS, MONDAY, [named("kreuz")])

    planned = said(reports(*BUILD, "--dry-run"))
    assert states(week) == {}
    assert re.search(r"harbor Kettle & Co Spring frozen 1", planned)

    made = said(reports(*BUILD))
    assert states(week) == {"harbor": "frozen", "kreuz": "held"}
    assert f"{MONDAY}: not computed yet" in made
    assert "kept" in said(reports(*BUILD, "--tenant", "harbor"))
    assert "not over yet" in refused(reports("build", "--period", "2999-01-01"))


def test_a_held_reports_draft_has_the_bytes_of_the_mail_that_leaves_later(
    week: Warehouse, reports: Type, tmp_path: Path
) -> None:
    week.forget(DAILY_ASSETS, SUNDAY, [HARBOR])
    reports(*BUILD)
    report = id_of(reports)
    said(reports("preview", tmp_path / "early", report))
    (early,) = (each for each in (tmp_path / "early").iterdir() if each.is_dir())
    assert states(week)["harbor"] == "held"
    assert "DRAFT: not sent." in (early / "report.html").read_text()
    assert "not computed yet" in (early / "report.html").read_text()

    # Its days are final now, and a person keeps it back.
    said(reports("hold", report, "--reason", "one more look"))
    compute(week, SUNDAY, SUNDAY, ["harbor"])
    reports(*BUILD)
    assert states(week)["harbor"] == "held"
    said(reports("preview", tmp_path / "look", report))
    (folder,) = (each for each in (tmp_path / "look").iterdir() if each.is_dir())
    draft = (folder / "report.html").read_text()
    assert "DRAFT: not sent." in draft

    said(reports("release", report))
    assert states(week)["harbor"] == "frozen"
    sent = frozen_files(week)
    assert (folder / "report.draft.pdf").read_bytes() == sent["report.pdf"]
    assert (folder / "report.draft.zip").read_bytes() == sent["report.zip"]
    assert (folder / "report.txt").read_bytes().partition(b"\n\n")[2] == sent["report.txt"]
    said(reports("preview", tmp_path / "later", report))
    (later,) = (each for each in (tmp_path / "later").iterdir() if each.is_dir())
    assert (later / "report.html").read_text() == without_mark(draft)


def test_a_report_that_waits_leaves_as_it_was_seen_once_it_is_approved_and_once_only(
    week: Warehouse, reports: Type, earshot: Type
) -> None:
    wait_for_approval(week)
    assert "earshot reports approve" in said(reports(*BUILD, "--tenant", "harbor"))
    seen = frozen_files(week)
    assert states(week)["harbor"] == "waiting"
    assert "nothing was due" in said(earshot("deliver"))

    # The morning's run leaves it as it was seen.
    change(week, "UPDATE sponsors SET name = 'Kettle and Daughters' WHERE tenant_id = %s", HARBOR)
    assert "kept" in said(reports(*BUILD, "--tenant", "harbor"))
    report = id_of(reports)
    assert "1 mail(s) would be queued" in said(reports("approve", report, "--dry-run"))
    assert "1 mail(s) queued" in said(reports("approve", report))
    assert (states(week)["harbor"], frozen_files(week)) == ("frozen", seen)
    assert "1 accepted" in said(earshot("deliver"))
    assert "does not wait for approval: it is frozen" in refused(reports("approve", report))
    trail = said(earshot("audit", "--table", "reports"))
    assert re.search(
        r"ann \(earshot\) reports report_id \S+ state: waiting -> frozen; approved_by: nothing -> ann", trail
    )


def test_naming_a_report_that_waits_makes_it_again_of_the_data_of_now(week: Warehouse, reports: Type) -> None:
    wait_for_approval(week)
    reports(*BUILD, "--tenant", "harbor")
    change(week, "UPDATE sponsors SET name = 'Kettle and Daughters' WHERE tenant_id = %s", HARBOR)
    said(reports("build", id_of(reports)))
    assert states(week)["harbor"] == "waiting"
    assert b"Kettle and Daughters" in frozen_files(week)["report.html"]


def test_a_held_report_stays_whatever_runs_until_somebody_releases_it(
    week: Warehouse, reports: Type, earshot: Type
) -> None:
    wait_for_approval(week)
    reports(*BUILD, "--tenant", "harbor")
    report = id_of(reports)
    said(reports("hold", report, "--reason", "the sponsor asked us to wait."))
    assert "ann stopped it: the sponsor asked us to wait." in said(reports("list"))
    assert "was stopped by ann" in refused(reports("approve", report, by="bea"))
    assert "stopped already" in refused(reports("hold", report, "--reason", "again"))
    said(reports("release", report, by="bea"))
    said(reports("approve", report))

    # Its mail waits in the queue, and can still be kept there.
    assert "1 mail(s) wait, 0 have left" in said(reports("hold", report, "--reason", "one more look"))
    assert "nothing was due" in said(earshot("deliver"))
    assert "is released" in said(reports("release", report))
    assert "1 accepted" in said(earshot("deliver"))
    assert "no mail of it waits, 1 have left" in refused(reports("hold", report, "--reason", "too late"))
    assert "Nobody has stopped" in refused(reports("release", report))
    trail = said(earshot("audit", "--table", "reports"))
    assert re.search(r"bea \(earshot\) reports report_id \S+ stopped_by: ann -> nothing", trail)


def test_a_report_that_is_held_before_it_is_made_is_made_when_it_is_released(week: Warehouse, reports: Type) -> None:
    week.forget(DAILY_ASSETS, SUNDAY, [HARBOR])
    reports(*BUILD, "--tenant", "harbor")
    report = id_of(reports)
    said(reports("hold", report, "--reason", "wrong logo"))
    compute(week, SUNDAY, SUNDAY, ["harbor"])
    assert "ann stopped it: wrong logo." in said(reports(*BUILD, "--tenant", "harbor"))
    assert states(week)["harbor"] == "held"
    assert "frozen" in said(reports("release", report))
    assert states(week)["harbor"] == "frozen"


def test_a_period_in_which_nothing_happened_leaves_by_a_persons_word_alone(week: Warehouse, reports: Type) -> None:
    change(week, "UPDATE report_subscriptions SET empty_policy = 'notify' WHERE tenant_id = %s", HARBOR)
    for table in ("ad_exposures", "placement_delivery", "conversions", "attribution_credits"):
        change(week, f"DELETE FROM {table} WHERE tenant_id = %s", HARBOR)
    assert "Nothing was delivered or converted" in said(reports(*BUILD, "--tenant", "harbor"))
    said(reports("release", id_of(reports)))
    assert states(week)["harbor"] == "frozen"


def test_a_note_stands_in_every_form_of_the_report_as_it_was_written(
    week: Warehouse, reports: Type, earshot: Type
) -> None:
    wait_for_approval(week)
    reports(*BUILD, "--tenant", "harbor")
    report, text = id_of(reports), 'We moved <b>two</b> ads & "added" one. Thank you!'
    assert "waiting" in said(reports("note", report, text))
    files = frozen_files(week)
    assert b'We moved &lt;b&gt;two&lt;/b&gt; ads &amp; "added" one. Thank you!' in files["report.html"]
    assert text in files["report.txt"].decode()
    said(reports("approve", report))
    assert frozen_files(week) == files
    assert "stays as it is" in refused(reports("note", report, "Too late."))
    assert "400" in refused(reports("note", report, "word " * 100))
    assert text in said(earshot("audit", "--table", "reports"))


def test_the_preview_shows_every_report_with_its_state_and_a_draft_of_what_has_not_left(
    week: Warehouse, reports: Type, tmp_path: Path
) -> None:
    week.forget(DAILY_ASSETS, SUNDAY, [named("kreuz")])
    wait_for_approval(week)
    reports(*BUILD)
    page = said(reports("preview", tmp_path)) and (tmp_path / "index.html").read_text()
    assert "1 held" in page
    assert "1 waiting for approval" in page
    opened = re.findall(r'href="([^"]+/report\.html)"', page)
    assert len(set(opened)) == 2
    assert all("DRAFT" in (tmp_path / each).read_text() for each in opened)
    assert "earshot backfill" in page


def test_one_more_recipient_gets_a_report_and_nobody_a_second_time(
    week: Warehouse, reports: Type, earshot: Type
) -> None:
    reports(*BUILD, "--tenant", "harbor")
    report = id_of(reports)
    assert "1 accepted" in said(earshot("deliver"))
    done = said(reports("recipients", "add", report, "Bo@kettle.example", "maud@kettle.example"))
    assert "bo@kettle.example is in the queue. maud@kettle.example has it already (accepted); no second mail." in done
    assert "1 accepted" in said(earshot("deliver"))
    sent = rows(week, "SELECT recipient, count(*) FROM report_deliveries GROUP BY 1 ORDER BY 1")
    assert sent == [("bo@kettle.example", 1), ("maud@kettle.example", 1)]
    assert "is not an address" in refused(reports("recipients", "add", report, "bo"))
    assert re.search(
        r"ann \(earshot\) report_deliveries .* added", said(earshot("audit", "--table", "report_deliveries"))
    )

    # Once more to one of them, because she asks for it.
    assert "Every mail of it" in said(reports("resend", report, "--yes"))
    said(reports("resend", report, "--to", "maud@kettle.example", "--yes"))
    assert "gets no mail of it" in said(reports("recipients", "remove", report, "maud@kettle.example"))
    assert "nothing was due" in said(earshot("deliver"))
    assert "never went to eve@kettle.example" in refused(reports("resend", report, "--to", "eve@kettle.example"))


def test_subscriptions_and_brands_are_entered_by_command_and_stand_in_the_trail(
    week: Warehouse, reports: Type, earshot: Type
) -> None:
    portfolio = ("subscriptions", "add", "harbor", "kettle & co", "board@kettle.example")
    assert "name the campaign" in refused(reports(*portfolio, "--cadence", "end_of_campaign"))
    assert "there are Kettle & Co" in refused(reports("subscriptions", "add", "harbor", "Pot"))
    added = said(reports(*portfolio, "--cadence", "monthly", "--approval", "--owner", "ann@harbor.example"))
    name = re.findall(r"Subscription ([0-9a-f]{8})", added)[0]
    assert "already" in refused(reports(*portfolio, "--cadence", "monthly"))
    said(reports("recipients", "add", name, "cfo@kettle.example"))
    listed = said(earshot("reports", "subscriptions", "list"))
    assert f"{name} harbor Kettle & Co all campaigns monthly once approved send ann@harbor.example" in listed
    assert "board@kettle.example, cfo@kettle.example" in listed
    said(reports("subscriptions", "remove", name))
    assert "not any more" in said(earshot("reports", "subscriptions", "list"))

    assert "brand color: #0a7d4f" in said(reports("brand", "harbor", "--color", "#0A7D4F"))
    trail = said(earshot("audit"))
    assert re.search(r"ann \(earshot\) tenants slug harbor brand_color: #\w+ -> #0a7d4f", trail)
    assert re.search(r"ann \(earshot\) report_subscriptions subscription_id \S+ active: true -> false", trail)


def test_the_owner_is_told_once_that_a_report_waits_or_that_nothing_happened(week: Warehouse, reports: Type) -> None:
    change(week, "UPDATE tenants SET owner_address = 'ann@harbor.example'")
    wait_for_approval(week)
    for _ in range(2):
        reports(*BUILD, "--tenant", "harbor")
    told = rows(week, "SELECT subject FROM alerts")
    assert len(told) == 1
    assert told[0][0].startswith("A report waits for approval: ")
    change(week, "UPDATE reports SET as_of = as_of - interval '3 days' WHERE tenant_id = %s", HARBOR)
    for _ in range(2):
        reports(*BUILD, "--tenant", "harbor")
    assert len(rows(week, "SELECT FROM alerts WHERE subject LIKE '%%for 3 day(s)%%'")) == 1


def test_ids_are_taken_by_their_beginnings_and_wrong_ones_say_what_to_do(week: Warehouse, reports: Type) -> None:
    reports(*BUILD)
    report = id_of(reports)
    assert "kept" in said(reports("build", report[:6]))
    assert "earshot reports list" in refused(reports("build", "ffffffffffff"))


def test_the_end_of_a_campaign_is_reported_on_over_its_whole_flight(week: Warehouse) -> None:
    change(week, "UPDATE campaigns SET ends_on = %s, starts_on = %s WHERE tenant_id = %s", SUNDAY, MONDAY, HARBOR)
    change(
        week,
        "UPDATE report_subscriptions SET cadence = 'end_of_campaign' WHERE tenant_id = ANY(%s)",
        [HARBOR, named("kreuz")],
    )
    with DagsterInstance.ephemeral() as history:
        run_job(week, history, "final_reports", partition_key=SUNDAY.isoformat())
    found = rows(week, "SELECT tenant_id, cadence, state, period_start, period_end FROM reports")
    assert found == [(HARBOR, "end_of_campaign", "frozen", MONDAY, SUNDAY)]


def test_the_jobs_of_the_orchestrator_decide_the_same(week: Warehouse, reports: Type, tmp_path: Path) -> None:
    wait_for_approval(week)

    def run(name: str, **config: object) -> None:
        job = defs.resolve_job_def(f"report_{name}")
        made = job.execute_in_process(run_config={"ops": {name: {"config": config}}}, raise_on_error=True)
        assert made.success

    run("build", by="ann", tenants=["harbor"], period=str(MONDAY))
    report = id_of(reports)
    run("note", by="ann", report=report, text="Thank you!")
    run("preview", folder=str(tmp_path / "look"), reports=[report])
    assert "waiting for approval" in (tmp_path / "look" / "index.html").read_text()
    run("hold", by="ann", reports=[report], reason="one more look")
    run("release", by="bea", reports=[report])
    run("approve", by="ann", reports=[report])
    run("recipients", by="ann", report=report, add=["bo@kettle.example"])
    run("resend", by="ann", report=report)
    run("brand", by="ann", tenant="harbor", brand_color="#0a7d4f")
    assert b"Thank you!" in frozen_files(week)["report.txt"]
    assert rows(week, "SELECT count(*) FROM report_deliveries") == [(2,)]
    people = {person for (person,) in rows(week, "SELECT person FROM config_changes WHERE person IS NOT NULL")}
    assert people == {"ann", "bea"}


def test_a_subject_of_ones_own_and_a_target_stand_in_the_next_report(week: Warehouse, reports: Type) -> None:
    assert "has a field {gender}" in refused(reports("brand", "harbor", "--subject", "{period} {gender}"))
    assert "needs {period}" in refused(reports("brand", "harbor", "--subject", "News"))
    shown = said(reports("brand", "harbor", "--subject", "{sponsor} | {period}", "--sender-name", "Harbor reports"))
    assert "subject template: {sponsor} | {period}" in shown
    assert "#ffee00 is too light" in said(reports("brand", "harbor", "--color", "#ffee00"))
    ((campaign, name),) = rows(week, "SELECT campaign_id, name FROM campaigns WHERE tenant_id = %s LIMIT 1", HARBOR)
    assert "there are" in refused(reports("target", "harbor", "nothing", "--cpa", "5"))
    assert "above 0" in refused(reports("target", "harbor", campaign, "--cpa", "-5"))
    assert f"{name}: cost per conversion 1000.50" in said(reports("target", "harbor", campaign, "--cpa", "1000.50"))
    said(reports("target", "harbor", campaign, "--roas", "0.01"))
    ((cost, roas),) = rows(
        week, "SELECT target_cpa_minor, target_roas::text FROM campaigns WHERE campaign_id = %s", campaign
    )
    assert (cost, roas) == (100_050, "0.01")

    said(reports(*BUILD))
    ((subject, content),) = rows(week, "SELECT subject, content FROM reports WHERE tenant_id = %s", HARBOR)
    assert re.fullmatch(rf"{re.escape(content['header']['sponsor'])} \| .*2026", subject)
    codes = [pair["term"] for pair in content["proof"]["pairs"] if pair["term"].startswith(("Promo", "Vanity"))]
    known = rows(week, "SELECT count(*) FROM promo_codes WHERE tenant_id = %s", HARBOR)[0][0]
    assert bool(codes) == bool(known)


def test_a_logo_is_entered_by_command_and_stands_in_the_next_report(
    week: Warehouse, reports: Type, tmp_path: Path
) -> None:
    file = tmp_path / "logo.svg"
    file.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><script>x()</script></svg>')
    assert "'script'" in refused(reports("logo", "harbor", file))
    file.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="90" height="30"><rect width="9" height="9"/></svg>')
    said(reports("logo", "harbor", file))
    assert "there are" in refused(reports("logo", "harbor", file, "--sponsor", "Nobody"))
    said(reports("logo", "harbor", file, "--sponsor", "kettle & co"))
    assert rows(week, "SELECT count(*), min(entered_by) FROM logos WHERE tenant_id = %s", HARBOR) == [(2, "ann")]
    said(reports("logo", "harbor", "--sponsor", "kettle & co", "--remove"))
    said(reports(*BUILD))
    assert "network.png" in frozen_files(week)
    assert "sponsor.png" not in frozen_files(week)
