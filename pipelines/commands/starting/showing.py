"""Showing: what earshot init would do, from the feed and the log alone: no database is needed, and nothing is written.

Here: reading the feed and the log, whether they fit together, and the files that would be written.
Not here: doing it (steps.py, files.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import uuid4

import polars as pl

from assets.catalogue.feeds.reading import Feed, FeedItem
from assets.catalogue.feeds.retrieving import retrieve
from assets.catalogue.feeds.unwrapping import unwrap
from assets.catalogue.first_files import FirstEpisode, campaign_text, network_text
from assets.catalogue.names import slugify, spelled
from assets.importing import ImportSummary, MediaPaths, open_log
from assets.importing.addresses import TrustedProxies
from assets.importing.checks.notices import Notices
from assets.importing.reading import Reading, made_batches, recognise
from pipelines import console
from pipelines.commands.importing.logs import objects_of
from pipelines.commands.importing.reading import chosen_mapping
from pipelines.commands.importing.summary import count_lines, total_of
from pipelines.commands.starting.answers import CAMPAIGN, NETWORK, Answers
from pipelines.commands.starting.files import Days, days_of_campaign, first_campaign, local_days
from pipelines.settings import Settings
from sql.safety.characters import visible_line
from sql.values import PermanentError, Window


def show(settings: Settings, answers: Answers) -> None:
    """Print what would be done. Raises PermanentError for a feed or a log that would stop it."""
    out = console.out.print
    content = retrieve(answers.feed, private=settings.private_networks).feed
    if content is None or not any(item.files for item in content.items):
        raise PermanentError(f"What lies at {answers.feed} has no episode with a file")
    out(f"Database   {'the one that is configured' if settings.database_url else f'a private one in {settings.home}'}")
    out(visible_line(f"Feed       {content.title}: {len(content.items)} episode(s)"))
    found = read_log(answers, content)
    for line in (*count_lines(found.summary, answers.tenant, True, Path("the .rejects.tsv files")), *found.notices):
        out(f"Log        {line}")
    if found.summary.unmapped == found.summary.events:
        raise PermanentError(
            f"Not one request of the log is for a file of the feed. The log has {found.summary.example}, the feed has "
            f"{found.example}: it is the log of another show or server, or the files are served elsewhere"
        )
    days = Days.until_yesterday(found.first, found.last)
    out(f"Days       {days.first} to {days.last} would be computed")
    for line in files_shown(answers, content, found, days):
        out(line)
    out(f"Report     would lie in {answers.reports}, and wait for your approval: nothing is sent")
    out("Nothing was stored or written (dry run). Without --dry-run it is done:")
    out(f"  {answers.command()}")


@dataclass(slots=True)
class FoundLog:
    """What the log holds, beside the feed. requested: the numbers of the feed's items that it has requests for.

    example: a path of the feed.
    """

    summary: ImportSummary
    first: date
    last: date
    requested: set[int]
    notices: list[str]
    example: str | None


def read_log(answers: Answers, content: Feed) -> FoundLog:
    """Read all of the log against the files of the feed. Raises PermanentError for what is no log."""
    numbers = {
        uuid4().bytes: (number, unwrap(file.url).path)
        for number, item in enumerate(content.items)
        for file in item.files
    }
    ids = list(numbers)
    media = MediaPaths.of(
        pl.DataFrame(
            {
                "path": [path for _, path in numbers.values()],
                "podcast_id": ids,
                "episode_id": ids,
                "asset_id": ids,
            },
            schema={"path": pl.String, "podcast_id": pl.Binary, "episode_id": pl.Binary, "asset_id": pl.Binary},
        )
    )
    requested: set[int] = set()
    summaries, notices = [], Notices()
    chosen, proxies = chosen_mapping(answers.format_name, answers.map_file), TrustedProxies.of(answers.proxies)
    for todo in objects_of(answers.log, dict(answers.store), None):
        summary = ImportSummary()
        with todo.open() as path, path.open("rb") as file:
            mapping, batches = (
                (chosen, open_log(todo.name, file)) if chosen else recognise(open_log(todo.name, file), todo.name)
            )
            reading = Reading(todo.name, mapping, (), proxies)
            for batch, made in made_batches(reading, batches, uuid4(), media):
                summary.count(batch, made)
                notices.add(made.events)
                requested |= {numbers[each][0] for each in made.events["asset_id"].drop_nulls().unique()}
        summary.notices = [f"{todo.name} is read as: {mapping.title} (--format {mapping.name})"]
        summaries.append(summary)
    total = total_of(summaries)
    if total.first is None or total.last is None:
        raise PermanentError(f"{answers.log} holds no requests")
    said = [*total.notices, *notices.sentences(media)]
    example = next((path for _, path in numbers.values()), None)
    return FoundLog(total, total.first.date(), total.last.date(), requested, said, example)


def files_shown(answers: Answers, content: Feed, found: FoundLog, days: Days) -> Iterator[str]:
    """The files that would be written, line by line."""
    network, campaign = answers.catalogue / NETWORK, answers.catalogue / CAMPAIGN
    folder = str(answers.catalogue)
    show = answers.show or spelled(content.title)
    episodes = [_episode(show, content.items[number]) for number in sorted(found.requested)]
    run = days_of_campaign(answers, days)
    begins = Window.of_day(run[0]).start
    assert found.summary.first is not None  # noqa: S101
    assert found.summary.last is not None  # noqa: S101
    run = local_days(answers, run, max(found.summary.first, begins), found.summary.last, answers.timezone)
    planned = first_campaign(answers, show, run, answers.timezone)
    texts = {
        network: network_text(answers.tenant, answers.name, answers.timezone, answers.currency, folder),
        campaign: campaign_text(answers.tenant, planned, episodes, folder),
    }
    for file, text in texts.items():
        if file.exists():
            yield f"File       {file} is there and stays as it is"
            continue
        yield f"File       {file} would be:"
        yield from (f"    {line}" for line in text.splitlines())


def _episode(show: str, item: FeedItem) -> FirstEpisode:
    """As the file would name it; what is measured later is taken to be there."""
    return FirstEpisode(
        slugify(f"{show} {spelled(item.title or item.guid or '')}"),
        unwrap(item.files[0].url).path,
        item.files[0].declared_bytes or 1,
        item.duration_s or float("inf"),
        item.published_at or datetime.now(UTC),
    )
