"""Files: the two of the catalogue that earshot init writes, and the days of the first campaign in one of them.

Here: the network's file and the campaign's, each written once and then a person's own.
Not here: entering them and every other step (steps.py), their text (first_files.py), showing them (showing.py).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from assets.catalogue.feeds.storing import FollowedFeed
from assets.catalogue.first_files import FirstCampaign, FirstEpisode, campaign_text, fits, network_text
from assets.reporting.figures.periods import campaign_of
from pipelines import console
from pipelines.commands.catalogue.exporting import export_files
from pipelines.commands.catalogue.reading import read_state
from pipelines.commands.starting.answers import AD, CAMPAIGN, NETWORK, Answers, read_span
from sql.safety.private import private_folder, write_private
from sql.values import DAY, PermanentError, Window
from sql.warehouse import Warehouse

# A first campaign that nobody gave days has no more of them, the last of the log: one line whose clock was ten years
# late would make it ten years.
MOST_DAYS = 31


@dataclass(frozen=True, slots=True)
class Days:
    """The whole UTC days of the log, both included."""

    first: date
    last: date

    @classmethod
    def until_yesterday(cls, first: date, last: date) -> Days:
        """Raises PermanentError where there is none: today is computed once it is over."""
        last = min(last, datetime.now(UTC).date() - DAY)
        if first > last:
            raise PermanentError(
                "all of the log is of today, and a day is computed once it is over (UTC). Give a log of earlier days, "
                "or come back tomorrow"
            )
        return cls(first, last)


def write_network(warehouse: Warehouse, answers: Answers) -> Path:
    """The file of the tenant: as the database has it, else as it was said; one that is there stays."""
    file = answers.catalogue / NETWORK
    _say_overruled(answers, file)
    if not file.exists():
        if answers.tenant in set(warehouse.tenants()["slug"]):
            ((_, text),) = export_files(warehouse, [answers.tenant], ["tenants"], "yaml")
        else:
            folder = str(answers.catalogue)
            text = network_text(answers.tenant, answers.name, answers.timezone, answers.currency, folder)
        _write(answers, file, text)
    return file


def _write(answers: Answers, file: Path, text: str) -> None:
    private_folder(answers.catalogue, within=answers.folder.absolute().parent, tighten=False)
    write_private(file, text)
    console.out.print(f"  written: {file}")


def _say_overruled(answers: Answers, file: Path) -> None:
    if options := answers.overruled[file.name]:
        console.err.print(
            f"Look at this: {file} is there already, so {', '.join(options)} changes nothing: edit the file."
        )


def write_campaign(warehouse: Warehouse, answers: Answers, feed: FollowedFeed, days: Days) -> Path:
    """The file of the first campaign, over the episodes that were requested; one that is there stays."""
    file = answers.catalogue / CAMPAIGN
    _say_overruled(answers, file)
    if file.exists():
        return file
    tenant = warehouse.tenant_id(answers.tenant)
    first, last = days_of_campaign(answers, days)
    window = Window.of_days(first, min(last, days.last))
    found = warehouse.rows(
        "read_requested_files", tenant=tenant, podcast=feed.podcast_id, start=window.start, end=window.end
    )
    with warehouse.transaction() as connection:
        state = read_state(connection, answers.tenant, tenant)
    names = state.names["episodes"].by_id
    episodes = [
        FirstEpisode(names[row["episode_id"]], row["path"], row["file_bytes"], row["duration_s"], row["published_at"])
        for row in found
    ]
    show = state.names["shows"].by_id[feed.podcast_id]
    timezone = str(state.row("tenants", tenant)["timezone"])  # type: ignore[index]
    if found:
        span = min(row["first_at"] for row in found), max(row["last_at"] for row in found)
        first, last = local_days(answers, (first, last), *span, timezone)
    campaign = first_campaign(answers, show, (first, last), timezone)
    _write(answers, file, campaign_text(answers.tenant, campaign, episodes, str(answers.catalogue)))
    if bare := sum(not fits(each, campaign) for each in episodes):
        console.err.print(
            f"Look at this: no ad counts in {bare} episode(s), whose file is not measured, or ends before the ad. Once "
            f"that is mended, remove {file} and run this again: files are measured again, and it is written anew."
        )
    return file


def days_of_campaign(answers: Answers, days: Days) -> tuple[date, date]:
    """Its first and last day, as they were said, else the last of the log.

    Raises PermanentError where the log has none of them.
    """
    last = answers.ends or days.last
    first = answers.starts or max(days.first, last - timedelta(days=MOST_DAYS - 1))
    if first > days.last or last < days.first:
        raise PermanentError(
            f"the campaign is to run from {first} to {last}, and the log is of {days.first} to {days.last}: give a log "
            "of its days, or other days with --starts and --ends"
        )
    return first, last


def local_days(
    answers: Answers, run: tuple[date, date], first_at: datetime, last_at: datetime, timezone: str
) -> tuple[date, date]:
    """The first and last day of a campaign, those that nobody said by the first and the last request, as the tenant's
    reports count days: else requests of the hours between its midnight and UTC's would be in no report."""
    first, last = run
    zone = ZoneInfo(timezone)
    if answers.starts is None:
        first = first_at.astimezone(zone).date()
    if answers.ends is None:
        last = min(last_at.astimezone(zone).date(), datetime.now(UTC).date() - DAY)
    return min(first, last), last


def first_campaign(answers: Answers, show: str, run: tuple[date, date], timezone: str) -> FirstCampaign:
    """What the file of the first campaign says, with what nobody said. run: its first and last day."""
    first, last = run
    start_s, end_s = answers.ad or read_span(AD)
    return FirstCampaign(
        show=show,
        recipients=answers.recipients,
        first=first,
        last=last,
        begins=campaign_of(first, last, timezone).window.start,
        sponsor=answers.sponsor,
        campaign=answers.campaign,
        price=answers.price,
        booked=answers.booked,
        code=answers.code,
        position=answers.position,
        start_s=start_s,
        end_s=end_s,
        is_ad_invented=answers.ad is None,
        is_flight_invented=answers.starts is None or answers.ends is None,
    )
