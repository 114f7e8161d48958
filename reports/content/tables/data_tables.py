"""Data tables: the raw numbers of a report as the tables that a sponsor's analyst loads, one file each.

Here: which rows and columns each table has, with the report's id and revision on every row.
Not here: the rows themselves (records.py), bytes (rendering/csv.py). docs/report-files.md explains every column.
"""

from __future__ import annotations

from reports.content.report import Records

REPORT = ("report_id", "revision", "section")
SPAN = ("first_day", "last_day", "timezone", "sponsor", "campaign")
PLACED = ("show", "episode", "placement", "position", "aired")

COMPUTED = ("conversions", "conversions_lower", "conversions_upper", "own_conversions", "unvalued")
MONEY = ("revenue", "revenue_lower", "revenue_upper", "spend", "budget", "currency")
RATIOS = ("roas", "roas_lower", "roas_upper", "cpa", "cpa_lower", "cpa_upper")
MEASURE = ("measure", "value", "value_lower", "value_upper", "counted", "reached")
SO_FAR = ("delivered_to_date", "conversions_to_date", "revenue_to_date", "spend_to_date")

# Which sections of the records each table holds.
SECTIONS = {
    "summary": (
        *("total", "total_reach", "previous_total", "previous_total_reach", "to_date", "show", "campaign"),
        *("measure", "to_date_measure"),
    ),
    "daily": ("day", "previous_day"),
    "placements": ("placement",),
    "models": ("model", "placement_model"),
}

# The columns of each table, after those of the report and its span.
OWN = {
    "summary": (
        *("show", "model", "addresses", "booked", "delivered", "reach"),
        *(*COMPUTED, *MONEY, *RATIOS, *MEASURE, *SO_FAR),
    ),
    "daily": ("model", "delivered", "conversions"),
    "placements": (
        *(*PLACED, "model", "booked", "delivered", "conversions", "revenue", "spend", "currency"),
        *SO_FAR,
    ),
    "models": (*PLACED, "model", "conversions", "revenue", "currency"),
}

COLUMNS = {name: (*REPORT, *SPAN, *own) for name, own in OWN.items()}


def data_tables(records: Records, report_id: str, revision: int) -> dict[str, Records]:
    """Each table by its name, also where it has no row."""
    report = {"report_id": report_id, "revision": str(revision)}
    rows = [dict(zip(records.columns, row, strict=True)) | report for row in records.rows]
    tables = {}
    for name, columns in COLUMNS.items():
        own = [row for row in rows if row["section"] in SECTIONS[name]]
        texts = tuple(column for column in records.text_columns if column in columns)
        tables[name] = Records(columns, texts, tuple(tuple(row[column] for column in columns) for row in own))
    return tables
