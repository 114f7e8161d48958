-- explain_ads: the ads of campaigns that were delivered in [start, end), as anybody can read them in the schema bi.
-- Grain: one row per ad. placements, episodes: those to keep to; NULL: all.
-- Parameters: start, end (timestamptz), campaigns, placements, episodes (uuid[]).
SELECT
    exposures.occurred_at,
    exposures.kind,
    campaigns.name AS campaign,
    placements.name AS placement,
    episodes.title AS episode,
    exposures.household_key,
    exposures.address_class,
    exposures.placement_id::text AS placement_id,
    exposures.episode_id::text AS episode_id,
    exposures.exposure_id::text AS exposure_id
FROM bi.ad_exposures AS exposures
LEFT JOIN bi.campaigns ON exposures.campaign_id = campaigns.campaign_id
LEFT JOIN bi.placements ON exposures.placement_id = placements.placement_id
LEFT JOIN bi.episodes ON exposures.episode_id = episodes.episode_id
WHERE
    exposures.occurred_at >= %(start)s
    AND exposures.occurred_at < %(end)s
    AND exposures.campaign_id = any(%(campaigns)s::uuid[])
    AND exposures.kind <> 'click'
    AND (%(placements)s::uuid[] IS NULL OR exposures.placement_id = any(%(placements)s::uuid[]))
    AND (%(episodes)s::uuid[] IS NULL OR exposures.episode_id = any(%(episodes)s::uuid[]))
