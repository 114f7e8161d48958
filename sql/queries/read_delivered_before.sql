-- read_delivered_before: how many impressions each placement had before a moment, from another one on for each campaign.
-- Grain: one row per placement and since. Parameters: before (timestamptz), tenants (uuid[]), campaigns (uuid[]) with since
-- (timestamptz[]) of the same length, earliest (timestamptz): the least of these.
-- Joins: by hash.
SELECT
    exposures.tenant_id,
    exposures.campaign_id,
    exposures.placement_id,
    wanted.since,
    count(*) AS impressions
FROM unnest(%(campaigns)s::uuid[], %(since)s::timestamptz[]) AS wanted (campaign_id, since)
INNER JOIN ad_exposures AS exposures ON wanted.campaign_id = exposures.campaign_id AND wanted.since <= exposures.occurred_at
WHERE
    exposures.tenant_id = any(%(tenants)s)
    AND exposures.occurred_at >= %(earliest)s AND exposures.occurred_at < %(before)s
    AND exposures.kind <> 'click'
GROUP BY exposures.tenant_id, exposures.campaign_id, exposures.placement_id, wanted.since
