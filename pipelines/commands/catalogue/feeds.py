"""earshot catalogue add-feed, feeds, stop-feed, read-feeds: the feeds that shows are kept in step with.

Here: the commands, and what they print.
Not here: reading feeds (assets/catalogue/feeds), the schedule (pipelines/schedules.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID

import click

from assets.catalogue.feeds.adding import Addition, add_feed, look_at_feed
from assets.catalogue.feeds.following import follow_feeds
from assets.catalogue.feeds.storing import FollowedFeed, read_feeds
from assets.web.requesting import shown
from pipelines import console, runtime
from pipelines.backfill.progress import progress_bar
from pipelines.settings import load_settings
from sql.failures import FailureLog
from sql.safety.characters import visible_line
from sql.statements import statement
from sql.values import PermanentError, Scope
from sql.warehouse import Warehouse

# Files shown of what a feed would bring.
MOST_SHOWN = 5

OF_TENANT = click.option("--tenant", required=True, metavar="SLUG", help="Whose show it is.")


@click.command("add-feed")
@click.argument("url")
@OF_TENANT
@click.option("--show", metavar="SLUG", help="The show that it is a feed of, if that is there already.")
@click.option("--dry-run", is_flag=True, help="Read the feed and say what it would bring; store nothing.")
def add_feed_command(url: str, tenant: str, show: str | None, dry_run: bool) -> None:
    """Keep a show, its episodes and files in step with the RSS or Atom feed at URL.

    The feed is read now and every hour from then on. Files are measured by their first bytes. What the feed has no more
    stays.
    """
    settings = load_settings()
    now = datetime.now(UTC)
    with runtime.open_warehouse(settings) as warehouse:
        owner = warehouse.tenant_id(tenant)
        (slug,) = warehouse.slugs([tenant])
        addition = look_at_feed(warehouse, owner, slug, url.strip(), now, show, settings.private_networks)
        for line in describe_addition(addition):
            console.out.print(line)
        if dry_run:
            console.out.print("Nothing was stored (dry run).")
            return
        with progress_bar("Measuring files", None) as advance:
            outcome = add_feed(
                warehouse,
                addition,
                now,
                settings.private_networks,
                lambda file: advance(file.path.rpartition("/")[2], 1),
            )
    console.out.print(visible_line(f"{addition.feed.show}: {outcome.detail}"))
    console.out.print("It is read every hour while `earshot ui` runs, or by: earshot catalogue read-feeds")


@click.command("feeds")
@click.option("--tenant", "tenants", multiple=True, metavar="SLUG", help="Only of this tenant.")
def feeds_command(tenants: tuple[str, ...]) -> None:
    """The feeds that are followed: of which show, when last read, what came of it, and what to do."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        found = read_feeds(warehouse, _ids(warehouse, tenants))
    if not found:
        console.out.print("No feed is followed. Add one: earshot catalogue add-feed URL --tenant SLUG")
    for feed in found:
        for line in describe_feed(feed):
            console.out.print(line)


@click.command("stop-feed")
@click.argument("url")
@OF_TENANT
def stop_feed_command(url: str, tenant: str) -> None:
    """Follow the feed at URL no longer. Its show, episodes and files stay."""
    with runtime.open_warehouse(load_settings()) as warehouse:
        owner = warehouse.tenant_id(tenant)
        followed = [feed for feed in read_feeds(warehouse, [owner]) if feed.is_active]
        chosen = next((feed for feed in followed if url.strip() in (feed.url, str(feed.feed_id))), None)
        if chosen is None:
            named = "; ".join(shown(feed.url) for feed in followed[:10]) or "none"
            raise PermanentError(f"{tenant} follows no feed {shown(url)}; it follows: {named}")
        with warehouse.transaction() as connection:
            connection.execute(statement("stop_feed").text, {"tenant": owner, "feed": chosen.feed_id})
        FailureLog(warehouse, "catalogue", console.err.print).clear([owner], [chosen.subject])
    console.out.print(f"{shown(chosen.url)} is not followed any more; what came from it stays.")


@click.command("read-feeds")
@click.option("--tenant", "tenants", multiple=True, metavar="SLUG", help="Only of this tenant.")
def read_feeds_command(tenants: tuple[str, ...]) -> None:
    """Read every feed now that is due, as the schedule does. Exit code 1 if one of them failed."""
    settings = load_settings()
    has_failed = False
    with runtime.open_warehouse(settings) as warehouse:
        scope = Scope(tuple(_ids(warehouse, tenants)))
        failures = FailureLog(warehouse, "catalogue", console.err.print, not_done="a feed was not read")
        for outcome in follow_feeds(warehouse, scope, datetime.now(UTC), failures, settings.private_networks):
            has_failed |= outcome.error is not None
            console.out.print(visible_line(f"{outcome.feed.tenant}, {outcome.feed.show}: {outcome.detail}"))
    if has_failed:
        raise SystemExit(1)


def _ids(warehouse: Warehouse, tenants: tuple[str, ...]) -> list[UUID]:
    chosen = [warehouse.tenant_id(name) for name in tenants]
    return chosen or [UUID(bytes=each) for each in warehouse.tenants()["tenant_id"]]


def describe_addition(addition: Addition) -> Iterator[str]:
    """What a feed would bring, a fact a line."""
    feed, content, plan = addition.feed, addition.content, addition.plan
    is_new = "a new show" if addition.is_new_show else "a show that is there"
    yield visible_line(f"{content.title}: {is_new} of {feed.tenant}, {feed.show}")
    if content.locked:
        yield "  its owner has locked it (podcast:locked): other hosts must not take it over; reading it is free"
    matched = len(plan.items) - len(plan.added)
    yield f"  {len(plan.items)} episode(s), {len(plan.added)} of them new, {matched} known already"
    yield f"  {len(plan.new_files)} new file(s), requested as:"
    for file in plan.new_files[:MOST_SHOWN]:
        yield visible_line(f"    {file.path}")
    if len(plan.new_files) > MOST_SHOWN:
        yield f"    and {len(plan.new_files) - MOST_SHOWN} more"
    for note in (*content.notes, *plan.notes):
        yield visible_line(f"  the feed {note}")


def describe_feed(feed: FollowedFeed) -> Iterator[str]:
    """How a feed stands, in a few lines."""
    state = (feed.state or "not read yet") if feed.is_active else "stopped"
    yield visible_line(f"{feed.tenant}, {feed.show}: {state}, {shown(feed.url)}")
    moments = [f"looked at {feed.checked_at:%Y-%m-%d %H:%M} UTC"] if feed.checked_at else []
    moments += [f"last read {feed.read_at:%Y-%m-%d %H:%M} UTC"] if feed.read_at else []
    moments += [f"again at {feed.next_at:%Y-%m-%d %H:%M} UTC"] if feed.failures and feed.next_at else []
    counts = f"{feed.episodes} episode(s) in it, {feed.left_episodes} not in it any more"
    unmeasured = f", {feed.unmeasured_files} file(s) not measured yet" if feed.unmeasured_files else ""
    yield f"  {', '.join([counts + unmeasured, *moments])}"
    if feed.detail:
        yield visible_line(f"  {feed.detail}")


COMMANDS = (add_feed_command, feeds_command, stop_feed_command, read_feeds_command)
