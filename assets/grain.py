"""Grain: the columns that name one row of a thing, once for every room.

Here: keys that several modules group by and join on. Ids are a tenant's own, so each key begins with the tenant.
Not here: keys of a single module, and what a table holds beside its key.
"""

from __future__ import annotations

SPONSOR = ["tenant_id", "sponsor_id"]
CAMPAIGN = ["tenant_id", "campaign_id"]
PODCAST = ["tenant_id", "podcast_id"]
EPISODE = ["tenant_id", "episode_id"]
FILE = ["tenant_id", "asset_id"]
CONVERSION = ["tenant_id", "conversion_id"]

# Somebody's listening to a show, whatever its episodes.
PODCAST_LISTENER = [*PODCAST, "consumer_key"]

# A row of credit lies in a conversion and a model; within them it is of an ad in an episode.
AD_IN_EPISODE = ["placement_id", "episode_id"]

# A sponsor's conversions of one kind.
GOAL = [*SPONSOR, "goal_kind"]
GOAL_HOUSEHOLD = [*GOAL, "household_key"]
CAMPAIGN_HOUSEHOLD = [*CAMPAIGN, "household_key"]

# A placement belongs to one campaign; its key has the campaign where rows are summed up to campaigns too.
PLACEMENT = ["tenant_id", "placement_id"]
PLACEMENT_EPISODE = [*PLACEMENT, "episode_id"]
CAMPAIGN_PLACEMENT = [*CAMPAIGN, "placement_id"]
CAMPAIGN_PLACEMENT_EPISODE = [*CAMPAIGN_PLACEMENT, "episode_id"]

# What KPIs are measured of: a campaign, or all campaigns of a sponsor together.
SCOPE = ["tenant_id", "scope_id"]
SCOPE_MODEL = [*SCOPE, "model"]
