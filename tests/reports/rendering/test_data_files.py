"""A report's CSV files: one table each, decimals without dust, and every column explained in the docs."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from reports.compose import compose
from reports.content.tables.data_tables import COLUMNS, SECTIONS
from reports.facts.report_facts import ReportFacts
from reports.rendering.render import tables_file

DICTIONARY = Path(__file__).parents[3] / "docs/report-files.md"


def rows_of(facts: ReportFacts, table: str) -> list[dict[str, str]]:
    with zipfile.ZipFile(io.BytesIO(tables_file(compose(facts)))) as archive:
        return list(csv.DictReader(io.StringIO(archive.read(f"{table}.csv").decode("utf-8-sig"))))


def section(facts: ReportFacts, table: str, name: str) -> list[dict[str, str]]:
    return [row for row in rows_of(facts, table) if row["section"] == name]


def test_each_table_is_a_file_and_every_row_names_report_and_revision(facts: ReportFacts) -> None:
    with zipfile.ZipFile(io.BytesIO(tables_file(compose(facts)))) as archive:
        assert archive.namelist() == ["summary.csv", "daily.csv", "placements.csv", "models.csv"]
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    for table in COLUMNS:
        rows = rows_of(replace(facts, revision=3), table)
        assert rows
        assert {(row["report_id"], row["revision"]) for row in rows} == {(facts.report_id, "3")}


def test_the_summary_has_bounds_of_what_relates_money_to_conversions(facts: ReportFacts) -> None:
    (row,) = section(facts, "summary", "to_date")
    assert (row["roas"], row["roas_lower"], row["roas_upper"]) == ("3.463076", "3.08", "3.96")
    assert (row["cpa"], row["cpa_lower"], row["cpa_upper"], row["currency"]) == ("24.02", "21.61", "26.79", "USD")
    assert (row["booked"], row["budget"], row["first_day"]) == ("316900", "10000.00", "2026-07-01")
    rates = {row["measure"]: row for row in section(facts, "summary", "measure")}
    assert (rates["visitor_rate"]["value"], rates["visitor_rate"]["counted"]) == ("0.0123", "1494")
    assert (rates["aov"]["value"], rates["aov"]["currency"]) == ("83.2", "USD")
    assert [row["measure"] for row in section(facts, "summary", "to_date_measure")] == ["cpv"]


def test_shows_have_what_the_mail_says_of_them_since_the_start(facts: ReportFacts) -> None:
    rows = {row["show"]: row for row in section(facts, "summary", "show")}
    (table,) = compose(facts).shows
    assert [row.cells[0] for row in table.rows] == [f"{int(rows[row.name]['delivered']):,}" for row in table.rows]
    night = rows["Night Shift"]
    assert (night["conversions"], night["spend"], night["currency"]) == ("90", "2247.10", "USD")
    assert (night["first_day"], night["last_day"]) == ("2026-07-01", "2026-09-30")


def test_days_and_placements_sum_to_the_total(facts: ReportFacts) -> None:
    (total,) = section(facts, "summary", "total")
    for table, name in (("daily", "day"), ("placements", "placement")):
        assert sum(int(row["delivered"]) for row in section(facts, table, name)) == int(total["delivered"]) == 323_412


def test_decimals_have_no_dust_of_floats(change_facts: Callable[..., ReportFacts]) -> None:
    given = change_facts()
    first = replace(given.placements[0], conversions=0.1 + 0.2)
    rows = section(replace(given, placements=(first, *given.placements[1:])), "placements", "placement")
    assert "0.3" in {row["conversions"] for row in rows}
    for table in COLUMNS:
        for row in rows_of(given, table):
            assert not [cell for cell in row.values() if re.fullmatch(r"-?\d+\.\d{7,}|-?[\d.]+[eE][-+]?\d+", cell)]


def test_the_dictionary_has_every_column_of_every_table() -> None:
    text = DICTIONARY.read_text("utf-8").partition("## Columns")[2]
    found = re.findall(r"^\| `(\w+)` \| ([\w, ]+) \| \S.*\|$", text, flags=re.MULTILINE)
    explained = {name: set(COLUMNS) if files == "all" else set(files.split(", ")) for name, files in found}
    assert len(explained) == len(found)
    for table, columns in COLUMNS.items():
        assert {name for name, files in explained.items() if table in files} == set(columns), table


def test_the_dictionary_has_every_section() -> None:
    text = DICTIONARY.read_text("utf-8").partition("## Sections")[2].partition("## Columns")[0]
    for table, sections in SECTIONS.items():
        lines = [line for line in text.splitlines() if line.startswith(f"| {table} |")]
        assert {name for line in lines for name in re.findall(r"`(\w+)`", line)} == set(sections)
