"""Catalogue assets: shows, episodes and files as their feeds have them.

Here: the wiring, and what an operator sees of it.
Not here: reading feeds (feeds/).
"""

from datetime import UTC, datetime
from uuid import UUID

from dagster import AssetExecutionContext, MaterializeResult, MetadataValue, ResourceParam, asset

from assets.markdown import table
from assets.partitions import describe_failures, refuse_campaigns, refuse_partial
from assets.resources import Web
from assets.steps import OWNERS
from sql.failures import FailureLog
from sql.values import Scope
from sql.warehouse import Warehouse


@asset(group_name="catalogue", owners=OWNERS["catalogue"], kinds={"rss", "postgres"})
def followed_feeds(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    web: ResourceParam[Web],
    scope: ResourceParam[Scope],
) -> MaterializeResult[None]:
    """Shows, episodes and files in step with the RSS feeds that were added (`earshot catalogue add-feed`). What a feed
    has no more is marked and kept; files are measured by their first bytes."""
    from assets.catalogue.feeds.following import follow_feeds

    refuse_campaigns(scope, ["followed_feeds"])
    refuse_partial(scope, ["followed_feeds"])
    run_id = UUID(context.run.run_id)
    failures = FailureLog(warehouse, "catalogue", context.log.error, run_id, "a feed was not read")
    outcomes = sorted(
        follow_feeds(warehouse, scope, datetime.now(UTC), failures, web.private_networks),
        key=lambda outcome: (outcome.feed.tenant, outcome.feed.show),
    )
    counted = ("new episodes", "new files", "measured")
    rows = [
        (
            outcome.feed.tenant,
            outcome.feed.show,
            outcome.state,
            f"{len(outcome.plan.added):,}",
            f"{len(outcome.plan.new_files):,}",
            f"{outcome.measured:,}",
            outcome.detail,
        )
        for outcome in outcomes
    ]
    return MaterializeResult(
        metadata={
            "feeds": MetadataValue.int(len(outcomes)),
            "failed": MetadataValue.int(sum(outcome.error is not None for outcome in outcomes)),
            "new_episodes": MetadataValue.int(sum(len(outcome.plan.added) for outcome in outcomes)),
            "new_files": MetadataValue.int(sum(len(outcome.plan.new_files) for outcome in outcomes)),
            "table": MetadataValue.md(
                table(("tenant", "show", "state", *counted, "what happened"), rows, right=counted)
            ),
            **({"failures": describe_failures(failures.found)} if failures.found else {}),
        }
    )


@asset(group_name="catalogue", owners=OWNERS["catalogue"], kinds={"postgres"})
def adopted_rows(
    context: AssetExecutionContext,
    warehouse: ResourceParam[Warehouse],
    scope: ResourceParam[Scope],
) -> MaterializeResult[None]:
    """A platform's own rows, read through the views of `earshot db adopt`: what is new or has changed."""
    from sql.adopting.rows import adopt_rows

    refuse_campaigns(scope, ["adopted_rows"])
    refuse_partial(scope, ["adopted_rows"])
    run_id = UUID(context.run.run_id)
    failures = FailureLog(warehouse, "catalogue", context.log.error, run_id, "its rows were not brought over")
    found = [each for each in adopt_rows(warehouse, failures, datetime.now(UTC), scope.tenants) if each.rows]
    rows = [(each.tenant or "all", each.table, f"{each.rows:,}") for each in found]
    return MaterializeResult(
        metadata={
            "rows": MetadataValue.int(sum(each.rows for each in found)),
            "table": MetadataValue.md(table(("tenant", "table", "rows"), rows, right=("rows",))),
            **({"failures": describe_failures(failures.found)} if failures.found else {}),
        }
    )
