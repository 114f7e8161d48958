"""earshot reach: whom a campaign reached on any range of days.

Here: the command and its table.
Not here: what is counted or estimated (assets/campaigns/reach/ranges.py).
"""

from __future__ import annotations

import difflib
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import polars as pl
from rich.table import Table

from assets.campaigns.reach.ranges import measure_reach
from assets.listening.identity.key_versions import at_one_version
from pipelines import console, runtime
from pipelines.settings import load_settings
from sql.values import PermanentError
from sql.warehouse import Warehouse

DAY_TYPE = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("campaign")
@click.option("--from", "first", type=DAY_TYPE, metavar="DAY", help="First day; by default the campaign's first.")
@click.option("--to", "last", type=DAY_TYPE, metavar="DAY", help="Last day, included; by default yesterday.")
@click.option("--by", "by", type=click.Choice(["placement"]), help="Each placement beside the campaign.")
@click.option("--tenant", metavar="SLUG", help="Whose campaign, where several tenants have one of this name.")
@click.option("--timezone", metavar="ZONE", help="Whose days, such as Europe/Berlin; by default the tenant's own.")
def reach(
    campaign: str,
    first: datetime | None,
    last: datetime | None,
    by: str | None,
    tenant: str | None,
    timezone: str | None,
) -> None:
    """Distinct households and listeners of CAMPAIGN (a name or an id) on any range of days, and how often it was heard.

    Days are the tenant's own, as in its reports, so that a week has the reach of its weekly report.
    Counted exactly up to 5,000,000 impressions; beyond them an estimate, shown with its bounds at 95 %. A listener who
    comes back on another day, or hears another placement, counts once.
    """
    with runtime.open_warehouse(load_settings()) as warehouse:
        found = _find_campaign(warehouse, campaign, tenant)
        row = found.row(0, named=True)
        zone = _checked_zone(timezone or row["timezone"])
        since = first.date() if first else row["starts_on"]
        until = last.date() if last else min(row["ends_on"], datetime.now(zone).date() - timedelta(days=1))
        if until < since:
            raise PermanentError(f"There is no day from {since} to {until}; name another range with --from and --to")
        owner = UUID(bytes=row["tenant_id"])
        levels = at_one_version(
            warehouse.read, owner, lambda _: measure_reach(warehouse.read, found, since, until, timezone=zone.key)
        )
        names = warehouse.read("read_placement_names", tenants=[owner], campaign=UUID(bytes=row["campaign_id"]))
    if levels.is_empty():
        console.out.print(f"{row['name']} was not heard from {since} to {until}.")
        return
    console.out.print(_caption(row["name"], row["slug"], since, until, zone.key))
    console.out.print(_table(levels if by else levels.filter(level="campaign"), names))


def _find_campaign(warehouse: Warehouse, name: str, tenant: str | None) -> pl.DataFrame:
    """The one campaign that is meant. Raises PermanentError where there is none, or more than one."""
    everyone = [UUID(bytes=each) for each in warehouse.tenants()["tenant_id"]]
    tenants = [warehouse.tenant_id(tenant)] if tenant else everyone
    campaigns = warehouse.read("read_campaign_names", tenants=tenants)
    is_meant = (pl.col("name").str.to_lowercase() == name.lower()) | (
        pl.col("campaign_id").bin.encode("hex") == name.lower().replace("-", "")
    )
    found = campaigns.filter(is_meant)
    if found.is_empty():
        raise PermanentError(f"There is no campaign {name!r}; {_advice(name, campaigns['name'].to_list())}")
    if found.height > 1:
        named = ", ".join(
            f"{row['slug']} {UUID(bytes=row['campaign_id'])} ({row['starts_on']} to {row['ends_on']})"
            for row in found.iter_rows(named=True)
        )
        raise PermanentError(f"{found.height} campaigns are called {name!r}: {named}. Give an id, or --tenant")
    return found


def _advice(wanted: str, names: list[str]) -> str:
    """Names that begin with these words or look like them, else some that there are."""
    starting = [name for name in names if name.lower().startswith(wanted.lower())]
    near = dict.fromkeys([*starting, *difflib.get_close_matches(wanted, names, n=3)])
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    return f"there are {', '.join(map(repr, dict.fromkeys(names[:5]))) or 'none yet'}."


def _checked_zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError) as error:  # OSError: a folder of the time zones, or a name that is too long
        raise PermanentError(f"{name!r} is no time zone: name one such as Europe/Berlin or UTC") from error
    except ZoneInfoNotFoundError as error:
        raise PermanentError(f"there is no time zone {name!r}: name one such as Europe/Berlin or UTC") from error


def _caption(name: str, slug: str, since: date, until: date, zone: str) -> str:
    return f"{name} of {slug}, {since} to {until} (days in {zone}, both included)"


def _table(levels: pl.DataFrame, names: pl.DataFrame) -> Table:
    """The campaign first, then its placements by name."""
    named = levels.join(names, left_on="scope_id", right_on="placement_id", how="left", validate="m:1")
    table = Table(box=None, pad_edge=False)
    for number, heading in enumerate(("", "impressions", "households", "listeners", "frequency", "")):
        table.add_column(heading, justify="left" if number in (0, 5) else "right")
    for row in named.sort("level", "name", "scope_id").iter_rows(named=True):
        frequency = row["frequency"]
        table.add_row(
            "all" if row["level"] == "campaign" else row["name"] or str(UUID(bytes=row["scope_id"])),
            f"{row['impressions']:,}",
            _with_bounds(row, "households"),
            _with_bounds(row, "consumers"),
            "–" if frequency is None else f"{frequency:.2f}",
            "estimate" if row["is_estimate"] else "exact",
        )
    return table


def _with_bounds(row: dict[str, int], people: str) -> str:
    """The number, with its bounds where it is an estimate."""
    number, lower, upper = row[people], row[f"{people}_lower"], row[f"{people}_upper"]
    return f"{number:,}" if lower == upper else f"{number:,} ({lower:,} to {upper:,})"
