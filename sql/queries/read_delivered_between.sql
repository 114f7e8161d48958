-- read_delivered_between: how many impressions each placement and episode had before a moment, from another one on for each
-- campaign, in the spans that the moments part.
-- Grain: one row per placement, episode, since and span with any. span: how many of the moments lie at or before the
-- impression, so 0 is before the first of them. Parameters: before (timestamptz), moments (timestamptz[], ascending), tenants
-- (uuid[]), campaigns (uuid[]) with since (timestamptz[]) of the same length, earliest (timestamptz): the least of these.
-- Joins: by hash.
SELECT
    exposures.tenant_id,
    exposures.campaign_id,
    exposures.placement_id,
    exposures.episode_id,
    wanted.since,
    width_bucket(exposures.occurred_at, %(moments)s::timestamptz[]) AS span,
    count(*) AS impressions
FROM unnest(%(campaigns)s::uuid[], %(since)s::timestamptz[]) AS wanted (campaign_id, since)
INNER JOIN ad_exposures AS exposures ON wanted.campaign_id = exposures.campaign_id AND wanted.since <= exposures.occurred_at
WHERE
    exposures.tenant_id = any(%(tenants)s)
    AND exposures.occurred_at >= %(earliest)s AND exposures.occurred_at < %(before)s
    AND exposures.kind <> 'click'
GROUP BY exposures.tenant_id, exposures.campaign_id, exposures.placement_id, exposures.episode_id, wanted.since, span
