"""Explaining: from a number of a frozen report back to its raw rows, and whether they still add up to it.

Here: which rows a number is made of, the SQL that anybody can run in the schema bi, and the comparison.
Not here: what each number is (numbers.py), the report itself (finding.py), printing (pipelines/commands).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import polars as pl

from assets.attribution.models import EXTRA_MODELS
from assets.reporting.figures.folding import OTHER_ROWS
from assets.reporting.tracing.elsewhere import FOLDED, SAME_AS, WHY_NOT
from assets.reporting.tracing.finding import Report
from assets.reporting.tracing.number_values import OF_ONE_PLACEMENT
from assets.reporting.tracing.numbers import (
    NUMBERS,
    OF_A_CAMPAIGN,
    OF_A_DAY,
    OF_A_MODEL,
    OF_A_PLACEMENT,
    InRecords,
    Number,
)
from assets.reporting.tracing.places import ratio_in
from sql.statements import statement
from sql.values import PermanentError, Window
from sql.warehouse import Warehouse

# Cells of records are rounded to six digits: a sum of up to twenty of them is off by no more than this.
CLOSE_ENOUGH = Decimal("1e-5")


@dataclass(frozen=True, slots=True)
class Part:
    """What of a report is meant: all of it, or one row of its tables. aired: the local day, as the records write it,
    by which episodes of the same title differ. day: one local day of the period, a point of its chart.
    """

    model: str | None = None
    campaign: str | None = None
    placement: str | None = None
    episode: str | None = None
    aired: str | None = None
    day: date | None = None


@dataclass(frozen=True, slots=True)
class Explained:
    """A number with what the report prints (None: it does not print it) and what its rows add up to now.

    sql: one statement that gives the number; rows: the statements of the rows by the name of their set.
    """

    number: Number
    printed: str | None
    recomputed: str
    is_equal: bool
    sql: str
    rows: Mapping[str, str]


def number_named(name: str) -> Number:
    """The number of this name. Raises PermanentError for others: why it has no rows and where it lies, or near ones."""
    wanted = "_".join(name.lower().replace("-", " ").replace("_", " ").split())
    wanted = SAME_AS.get(wanted, wanted)
    if wanted in WHY_NOT:
        raise PermanentError(f"{wanted} cannot be led back to rows: {WHY_NOT[wanted]}")
    if wanted not in NUMBERS:
        near = difflib.get_close_matches(wanted, NUMBERS, n=3)
        advice = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(NUMBERS)}."
        raise PermanentError(f"No report has a number {name!r}; {advice}")
    return NUMBERS[wanted]


def parts_of(report: Report) -> list[tuple[Part, Sequence[str]]]:
    """Every row that the report prints, with the names of its numbers: the whole, models, campaigns, placements.

    What was folded, because it stands for few households, has no rows of its own.
    """
    parts: list[tuple[Part, Sequence[str]]] = [(Part(), list(NUMBERS))]
    parts += [(Part(model=row["model"]), OF_A_MODEL) for row in report.records("model")]
    parts += [(Part(campaign=row["campaign"]), OF_A_CAMPAIGN) for row in report.records("campaign")]
    named = {
        (row["campaign"], row["placement"], row["episode"], row["aired"])
        for row in report.records("placement")
        if row["position"]
    }
    parts += [(Part(None, *each), OF_A_PLACEMENT) for each in sorted(named)]
    return parts


def explain(warehouse: Warehouse, report: Report, names: Sequence[str], part: Part = Part()) -> list[Explained]:
    """The numbers of a part of the report, recomputed from the rows that are there now: those of the period in one
    statement, those since the campaign's start in another."""
    numbers, of_period = [number_named(name) for name in names], _parameters(warehouse, report, part)
    by_span = {False: of_period, True: {**of_period, **report.to_date}}
    row: dict[str, str | None] = {}
    for is_to_date, parameters in by_span.items():
        own = [number for number in numbers if number.is_to_date == is_to_date]
        if own:
            text = _statement(own, parameters, part)
            row |= warehouse.look(report.tenant, text, f"Explaining {', '.join(names)}").row(0, named=True)
    explained = []
    for number in numbers:
        parameters = by_span[number.is_to_date]
        found = row[number.name]
        value = None if found is None else Decimal(found)
        shown = number.shown(value, report.formatter, parameters["currency"])
        printed = _printed(report, number, part)
        rows = {name: _rows(name, parameters) for name in number.rows}
        equal = _is_equal(report, number, printed, shown)
        explained.append(Explained(number, printed, shown, equal, _statement([number], parameters, part), rows))
    return explained


def changes_since(warehouse: Warehouse, report: Report) -> pl.DataFrame:
    """Which tables of the report's days became others after it was made: asset, day, changed_at."""
    days = {name: report.parameters[name] for name in ("first", "last")}
    since = max(report.row["created_at"], report.row["as_of"])
    return warehouse.read("read_changes_since", **days, since=since, tenants=[report.tenant])


def _parameters(warehouse: Warehouse, report: Report, part: Part) -> dict[str, Any]:
    parameters: dict[str, Any] = {**report.parameters, "placements": None, "episodes": None}
    if part.model is not None:
        parameters["model"] = _model(report, part.model)
    if part.day is not None:
        parameters |= _day(report, part)
    if part.campaign is not None:
        chosen = [campaign for campaign in report.subject.campaigns if campaign.name == part.campaign]
        if not chosen:
            names = ", ".join(campaign.name for campaign in report.subject.campaigns)
            raise PermanentError(f"The report has no campaign {part.campaign!r}; there are {names}")
        parameters["campaigns"] = [UUID(bytes=campaign.campaign_id) for campaign in chosen]
        currencies = {campaign.currency for campaign in chosen}
        parameters["currency"] = currencies.pop() if len(currencies) == 1 else None
    if part.placement is not None or part.episode is not None:
        parameters |= _named(warehouse, report, part, parameters["campaigns"])
    return parameters


def _model(report: Report, name: str) -> str:
    """The model of this name. Raises PermanentError for data-driven models, and for unknown ones."""
    wanted = name.strip().lower().replace("-", "_").replace(" ", "_")
    models = {report.parameters["model"], *(row["model"] for row in report.records("model")), *EXTRA_MODELS}
    if wanted not in models:
        why = f": {WHY_NOT[wanted]}" if wanted in WHY_NOT else f"; there are {', '.join(sorted(models))}"
        raise PermanentError(f"No number of the report can be led back to rows under the model {name!r}{why}")
    return wanted


def _day(report: Report, part: Part) -> dict[str, Any]:
    """The bounds of one local day. Raises PermanentError where the report has no point for it."""
    day = part.day
    if day is None or not report.period.first <= day <= report.period.last:
        raise PermanentError(f"{day} is no day of the report: {report.period.first} to {report.period.last} are")
    if part != Part(model=part.model, day=day):
        raise PermanentError("A report has the days of all that it is about: leave out --campaign and --placement")
    window = Window.of_local_days(day, day, report.period.timezone)
    last = (window.end - timedelta(microseconds=1)).date()
    return {"start": window.start, "end": window.end, "first": window.start.date(), "last": last}


def _named(warehouse: Warehouse, report: Report, part: Part, campaigns: Sequence[UUID]) -> dict[str, list[UUID]]:
    """The placements and episodes that the part names. Raises PermanentError where there are none."""
    if OTHER_ROWS in (part.placement, part.episode):
        raise PermanentError(FOLDED)
    tenant, own = [report.tenant], [campaign.bytes for campaign in campaigns]
    with warehouse.as_tenant(report.tenant) as read:
        placements = read("read_placements", tenants=tenant).filter(pl.col("campaign_id").is_in(own))["placement_id"]
        names = read("read_report_names", tenants=tenant, placements=[UUID(bytes=each) for each in placements])
        airings = read("read_airings", tenants=tenant)
    if part.placement is not None:
        names = names.filter(placement=part.placement)
    if part.episode is not None:
        names = names.filter(episode=part.episode)
    if part.aired is not None:
        local = pl.col("aired_at").dt.convert_time_zone(report.row["timezone"]).dt.date().cast(pl.String)
        aired = names.join(airings, on=["placement_id", "episode_id"], how="left").with_columns(day=local.fill_null(""))
        names = aired.filter(day=part.aired)
    if names.is_empty():
        raise PermanentError(
            f"The report has no placement {part.placement!r} in an episode {part.episode or 'of any title'!r}"
        )
    return {
        f"{what}s": [UUID(bytes=each) for each in names[f"{what}_id"].unique().sort()]
        for what in ("placement", "episode")
    }


def _rows(name: str, parameters: Mapping[str, Any]) -> str:
    """The statement that gives a set of rows, its parameters filled in."""
    template = statement(f"explain_{name}")
    return template.render({each: parameters[each] for each in template.parameters})


def _statement(numbers: Sequence[Number], parameters: Mapping[str, Any], part: Part) -> str:
    """One statement for the numbers, over the sets of rows that they are made of."""
    sets = {name: _rows(name, parameters) for number in numbers for name in number.rows}
    if part.placement is not None and "earned" in sets:
        sets["earned_by_all"] = _rows("earned", {**parameters, "placements": None, "episodes": None})
    sets["chosen"] = _rows("chosen", parameters)
    parts = ",\n\n".join(f"{name} AS (\n{text}\n)" for name, text in sets.items())
    values = ",\n".join(f"    ({_value(number, part)})::text AS {number.name}" for number in numbers)
    return f"WITH {parts}\n\nSELECT\n{values}"


def _value(number: Number, part: Part) -> str:
    return OF_ONE_PLACEMENT.get(number.name, number.value) if part.placement is not None else number.value


def _printed(report: Report, number: Number, part: Part) -> str | None:
    """The number as the report prints it; None where it does not."""
    if not isinstance(number.place, InRecords):
        return number.place.find(report.content) if part == Part() else None
    cells = [row[number.place.column] for row in _records(report, number, part)]
    if not cells:
        return None
    # Rows of the same name stand for their sum.
    return "–" if "" in cells else f"{sum((Decimal(cell) for cell in cells), Decimal(0)).normalize():f}"


def _records(report: Report, number: Number, part: Part) -> Sequence[Mapping[str, str]]:
    """The rows of the report's records in which the part has the number."""
    own_model = part.model in (None, report.parameters["model"])
    if part.placement is not None:
        return [row for row in report.records("placement") if _is_of(row, part)]
    if part.campaign is not None:
        rows = [row for row in report.records("campaign") if row["campaign"] == part.campaign]
        return rows or report.records("total")
    if part.day is not None:
        has_days = number.name in OF_A_DAY and own_model
        return [row for row in report.records("day") if has_days and row["first_day"] == part.day.isoformat()]
    if not own_model:
        return [row for row in report.records("model") if row["model"] == part.model]
    return report.records("total")


def _is_of(row: Mapping[str, str], part: Part) -> bool:
    """Whether a row of a placement is one of the part, which may leave out the campaign, episode and day of airing."""
    given = {"placement": part.placement, "campaign": part.campaign, "episode": part.episode, "aired": part.aired}
    return all(value in (None, row[name]) for name, value in given.items())


def _is_equal(report: Report, number: Number, printed: str | None, recomputed: str) -> bool:
    if printed is None or printed == recomputed:
        return True
    if number.unit == "ratio":
        return ratio_in(printed, report.content) == ratio_in(recomputed, report.content)
    if not isinstance(number.place, InRecords) or "–" in (printed, recomputed):
        return False
    return abs(Decimal(printed) - Decimal(recomputed)) <= CLOSE_ENOUGH
