"""earshot explain: every number of a real report leads to its rows, and its rows add up to it."""

from __future__ import annotations

import io
import re
import secrets
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import polars as pl
import psycopg
import pytest
from click.testing import CliRunner, Result
from psycopg import sql

from assets.attribution.models import EXTRA_MODELS, credit_shows
from assets.reporting.figures.folding import OTHER_ROWS
from assets.reporting.tracing.elsewhere import WHY_NOT
from assets.reporting.tracing.explaining import Part, explain, number_named, parts_of
from assets.reporting.tracing.finding import Report, find_report
from assets.reporting.tracing.numbers import NUMBERS, OF_A_DAY
from pipelines.backfill.computing import run_job
from pipelines.cli import main
from sql.embedded import Server
from sql.values import PermanentError
from sql.warehouse import Warehouse
from tests.conftest import cloned_database
from tests.pipelines.commands.explained import AUTUMN, TENANT, add_campaign, add_facts
from tests.pipelines.history import passing_history
from tests.pipelines.running import home_of_its_own
from tests.pipelines.small_network import MONDAY, named


@pytest.fixture(scope="module")
def url(server: Server, computed: str, home_folder: Path) -> Iterator[str]:
    """A computed week with every kind of number, and its reports."""
    with cloned_database(server, computed) as address, home_of_its_own(home_folder):
        warehouse = Warehouse(address)
        add_campaign(warehouse)
        add_facts(warehouse)
        with passing_history() as history:
            run_job(warehouse, history, "weekly_reports", partition_key=MONDAY.isoformat())
        warehouse.close()
        yield address


@pytest.fixture
def warehouse(url: str) -> Warehouse:
    return Warehouse(url)


def report_of(warehouse: Warehouse, tenant: UUID, campaign: UUID | None) -> Report:
    with warehouse.transaction() as connection:
        found = connection.execute(
            "SELECT report_id::text FROM reports WHERE tenant_id = %s AND campaign_id IS NOT DISTINCT FROM %s",
            [tenant, campaign],
        ).fetchone()
    assert found is not None
    return find_report(warehouse, str(found[0]))


@pytest.fixture
def portfolio(warehouse: Warehouse) -> Report:
    return report_of(warehouse, TENANT, None)


@pytest.fixture(params=["campaign", "portfolio", "the other tenant's"])
def report(request: pytest.FixtureRequest, warehouse: Warehouse) -> Report:
    """The report of one campaign, of a sponsor's two, and of a tenant on Berlin's time that counts in euros."""
    if request.param == "the other tenant's":
        return report_of(warehouse, named("kreuz"), named("kreuz", "campaign"))
    return report_of(warehouse, TENANT, None if request.param == "portfolio" else named("harbor", "campaign"))


def test_every_number_that_a_report_prints_is_what_its_rows_add_up_to(warehouse: Warehouse, report: Report) -> None:
    wrong = []
    for part, names in parts_of(report):
        for each in explain(warehouse, report, names, part):
            if not each.is_equal:
                wrong.append((part, each.number.name, each.printed, each.recomputed))
    assert wrong == []


def test_the_reports_print_every_number_that_there_is(warehouse: Warehouse, portfolio: Report) -> None:
    printed = {each.number.name for each in explain(warehouse, portfolio, list(NUMBERS)) if each.printed is not None}
    assert printed == set(NUMBERS)
    parts = [part for part, _names in parts_of(portfolio)]
    assert {part.campaign for part in parts} == {None, "Spring", "Autumn"}
    assert {part.placement for part in parts} == {None, "Host read", "Mid-roll"}
    assert {part.model for part in parts if part.model} == {
        "first_touch", "last_touch", "linear", "time_decay", "position_based"
    }  # fmt: skip


@pytest.mark.parametrize("model", sorted(EXTRA_MODELS))
def test_a_model_that_is_not_stored_gives_in_sql_what_it_gives_in_the_pipeline(
    warehouse: Warehouse, portfolio: Report, model: str
) -> None:
    days = {"first": portfolio.parameters["first"], "last": portfolio.parameters["last"]}
    with warehouse.as_tenant(TENANT) as read:
        touches = read("read_campaign_touches", **days, tenants=[TENANT], campaigns=[AUTUMN])
    made = credit_shows(touches, [model]).filter(campaign_id=AUTUMN.bytes)
    (explained,) = explain(warehouse, portfolio, ["conversions"], Part(model=model, campaign="Autumn"))
    key = ["conversion_id", "placement_id", "episode_id"]
    rows = warehouse.look(TENANT, explained.rows["earned"], "Looking").sort(key)
    ids = made.with_columns(pl.col(each).map_elements(to_text, pl.String) for each in key).sort(key)
    made_in_sql = f"{model} in sql/queries/explain_earned.sql, beside assets/attribution/models.py"
    assert rows.select(key).equals(ids.select(key)), made_in_sql
    assert rows["credit"].to_list() == pytest.approx(ids["credit"].to_list())


def to_text(value: bytes) -> str:
    return str(UUID(bytes=value))


def earshot(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["explain", *arguments], env={"DATABASE_URL": url})


def test_the_list_of_reports_has_the_ids_that_explain_takes(url: str, portfolio: Report) -> None:
    listed = CliRunner().invoke(main, ["reports", "list"], env={"DATABASE_URL": url}).stdout
    assert short(portfolio) in [line.split()[0] for line in listed.splitlines()]


def short(report: Report) -> str:
    return UUID(bytes=report.row["report_id"]).hex[:8]


def test_the_sql_gives_the_number_to_a_reader_s_login(
    url: str, warehouse: Warehouse, portfolio: Report, reader_url: str
) -> None:
    with psycopg.connect(reader_url) as reader:
        for name in NUMBERS:
            text = earshot(url, short(portfolio), name, "--format", "sql").stdout
            (explained,) = explain(warehouse, portfolio, [name])
            ((value,),) = reader.execute(text.encode()).fetchall()
            shown = explained.number.shown(None if value is None else Decimal(str(value)), portfolio.formatter, "USD")
            assert shown == explained.recomputed


STARTS, ENDS = "timestamptz '2026-03-02 00:00 UTC'", "timestamptz '2026-03-09 00:00 UTC'"


def of_the_docs(number: int, report: Report, starts: object) -> str:
    """A statement of docs/reports-numbers.md with the span of the report."""
    page = (Path(__file__).parents[3] / "docs" / "reports-numbers.md").read_text("utf-8")
    text = re.findall(r"^```sql\n(.*?)^```", page, re.DOTALL | re.MULTILINE)[number]
    assert text.count(ENDS) == 1
    text = text.replace(ENDS, f"timestamptz '{report.parameters['end']}'")
    return re.sub(r"timestamptz '2026-\d\d-\d\d 00:00 UTC'", f"timestamptz '{starts}'", text).rstrip().rstrip(";")


def printed_in(pairs: list[dict[str, str]], term: str) -> str:
    return next(pair["text"] for pair in pairs if pair["term"] == term)


def test_the_rates_of_a_report_are_those_of_the_sql_in_the_docs(warehouse: Warehouse, portfolio: Report) -> None:
    text = of_the_docs(0, portfolio, portfolio.parameters["start"])
    found = warehouse.look(TENANT, text, "Reading the docs").row(0, named=True)
    response, delivery = portfolio.content["response"]["pairs"], portfolio.content["delivery"]["pairs"]
    for term, name in (("converted", "converted"), ("visited", "visited")):
        shown = printed_in(response, f"Households that {term} after an ad, of all reached")
        share = portfolio.formatter.percent(Decimal(found[name]) / found["reached"], 2)
        assert shown.startswith(f"{share} ({found[name]} of {found['reached']}; 95% interval ")
        assert 5 <= found[name] < found["reached"]
    assert printed_in(delivery, "Frequency").startswith(f"{found['delivered'] / found['reached']:.2f} ads")
    share = portfolio.formatter.percent(Decimal(found["at_households"]) / found["delivered"], 0)
    assert f", with {share} of the ads" in printed_in(delivery, "Conversions, counted and modelled")


def test_the_costs_of_a_report_are_those_of_the_sql_in_the_docs(warehouse: Warehouse, portfolio: Report) -> None:
    text = of_the_docs(2, portfolio, portfolio.to_date["start"])
    found = warehouse.look(TENANT, text, "Reading the docs").row(0, named=True)
    (to_date,) = portfolio.content["to_date"]
    for term, name in (("CPA", "cpa"), ("CPV", "cpv"), ("CPL", "cpl")):
        money = portfolio.formatter.money(Decimal(str(found[name])), "USD")
        (shown,) = [pair["text"] for pair in to_date["pairs"] if f"({term})" in pair["term"]]
        assert shown.split(" (")[0].removesuffix(", low confidence") == money
    assert printed_in(to_date["pairs"], "Spend").split(" of ")[0] == portfolio.formatter.money(found["spend"], "USD")
    # Ads that were delivered before the week cost something too.
    period = Decimal(portfolio.records("total")[0]["spend"])
    assert Decimal(str(found["spend"])) / 100 > period


@pytest.fixture
def reader_url(url: str) -> Iterator[str]:
    """The address of a login of harbor's own people."""
    name, password = f"reader_{secrets.token_hex(4)}", secrets.token_hex(8)
    role = sql.Identifier(name)
    with psycopg.connect(url, autocommit=True) as application:
        application.execute("SELECT earshot_add_reader(%s, %s)", [name, TENANT])
        application.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(password)))
        yield f"postgresql://{name}:{password}@{url.split('@')[1]}"
        application.execute("SELECT earshot_remove_reader(%s)", [name])
        application.execute(sql.SQL("DROP ROLE {}").format(role))


def test_a_number_is_shown_with_what_it_is_its_sql_and_its_first_rows(url: str, portfolio: Report) -> None:
    result = earshot(url, portfolio.content["footer"]["reference"], "revenue", "--limit", "3")
    assert result.exit_code == 0, result.output
    assert "revenue: What the conversions were worth after refunds" in result.stdout
    assert re.search(r"the report says [\d.]+; its rows add up to [\d.]+ today: equal", result.stdout)
    assert "FROM bi.attribution_credits" in result.stdout
    assert "Its rows, earned: 3 of " in result.stdout
    assert "High water" in result.stdout


def test_the_rows_of_a_number_are_written_whole_and_add_up(url: str, portfolio: Report) -> None:
    result = earshot(url, short(portfolio), "conversions", "--campaign", "Autumn", "--format", "csv")
    rows = pl.read_csv(io.StringIO(result.stdout)).filter("is_goal")
    printed = [row["conversions"] for row in portfolio.records("campaign") if row["campaign"] == "Autumn"]
    assert float(printed[0]) == pytest.approx(rows["credit"].sum())
    ads = earshot(url, short(portfolio), "cpa", "--rows", "spend", "--format", "csv").stdout
    assert "spend_minor" in ads.splitlines()[0]


def test_without_a_number_all_are_compared(url: str, portfolio: Report) -> None:
    result = earshot(url, short(portfolio))
    assert result.exit_code == 0, result.output
    assert result.stdout.count(" equal ") > 40
    assert "DIFFERS" not in result.stdout


@pytest.fixture
def late_ad(warehouse: Warehouse) -> Iterator[None]:
    """An ad of Autumn that came in after the report was made; it is gone again afterwards."""
    late = {"tenant": TENANT, "campaign": AUTUMN, "id": UUID(int=99), "day": MONDAY}
    with warehouse.transaction() as connection:
        connection.execute(
            "INSERT INTO ad_exposures SELECT tenant_id, occurred_at, %(id)s, day, sponsor_id, campaign_id,"
            " placement_id, podcast_id, episode_id, kind, position, insertion, 999, 999, listener_id, address_class,"
            " is_final, run_id"
            " FROM ad_exposures WHERE tenant_id = %(tenant)s AND campaign_id = %(campaign)s AND day = %(day)s"
            " AND kind = 'delivered' LIMIT 1",
            late,
        )
        connection.execute(
            "UPDATE rollup_ledger SET changed_at = clock_timestamp()"
            " WHERE asset = 'ad_exposures' AND tenant_id = %(tenant)s AND day = %(day)s",
            late,
        )
    yield
    with warehouse.transaction() as connection:
        connection.execute("DELETE FROM ad_exposures WHERE exposure_id = %(id)s", late)


@pytest.mark.usefixtures("late_ad")
def test_a_report_whose_rows_have_changed_is_marked_and_explained(url: str, portfolio: Report) -> None:
    result = earshot(url, short(portfolio), "delivered")
    assert result.exit_code == 1
    assert "today: IT DIFFERS" in result.stdout
    assert "no longer says what the rows say. The data changed after the report was made" in result.stderr
    assert f"ad_exposures of {MONDAY}" in result.stderr
    everything = earshot(url, short(portfolio))
    assert everything.exit_code == 1
    assert everything.stdout.count("DIFFERS") > 3


@pytest.mark.parametrize(
    ("arguments", "expected_text"),
    [
        (["ffffffff", "roas"], "There is no report 'ffffffff'; `earshot reports list` shows those that there are"),
        (["spring", "roas"], "There is no report 'spring'"),
        (["%", "roas"], "There is no report '%'"),
    ],
)
def test_a_report_that_is_not_there_is_an_error(url: str, arguments: list[str], expected_text: str) -> None:
    result = earshot(url, *arguments)
    assert result.exit_code == 1
    assert expected_text in " ".join(result.stderr.split())


def test_the_days_of_a_report_are_what_their_rows_add_up_to(url: str, warehouse: Warehouse, report: Report) -> None:
    days = [date.fromisoformat(row["first_day"]) for row in report.records("day")]
    compared = [each for day in days for each in explain(warehouse, report, OF_A_DAY, Part(day=day))]
    assert [each.is_equal and each.printed is not None for each in compared] == [True] * 14
    assert any(each.recomputed not in ("0", "–") for each in compared)
    result = earshot(url, short(report), "impressions", "--day", days[0].isoformat())
    assert result.exit_code == 0, result.output
    assert "today: equal" in result.stdout


@pytest.mark.parametrize("name", [*WHY_NOT, "Relative lift", "make-good"])
def test_what_is_no_sum_of_rows_says_why_and_where_it_is(name: str) -> None:
    with pytest.raises(PermanentError, match=r"cannot be led back to rows: .*(bi\.\w+|earshot reports list)"):
        number_named(name)


@pytest.mark.parametrize(
    ("arguments", "expected_text"),
    [
        (["lift"], "lift cannot be led back to rows: lift compares households"),
        (["conversions", "--model", "Markov"], "under the model 'Markov': this model learns from all journeys"),
        (["conversions", "--model", "linnear"], "there are first_touch, inverse_j, j_shaped, last_paid_touch"),
        (["conversions", "--placement", OTHER_ROWS], "adds up placements of few households"),
        (["delivered", "--day", "2026-01-01"], "2026-01-01 is no day of the report: 2026-03-02 to 2026-03-08 are"),
        (["raos"], "No report has a number 'raos'; did you mean roas"),
        (["roas", "--campaign", "Summer"], "The report has no campaign 'Summer'; there are Autumn, Spring"),
        (["roas", "--placement", "x' OR true --"], "The report has no placement"),
        (["roas", "--rows", "ads"], "roas is made of the rows earned and spend, and of no 'ads'"),
    ],
)
def test_a_number_that_is_not_there_is_an_error(
    url: str, portfolio: Report, arguments: list[str], expected_text: str
) -> None:
    result = earshot(url, short(portfolio), *arguments)
    assert result.exit_code == 1
    assert expected_text in " ".join(result.stderr.split())
