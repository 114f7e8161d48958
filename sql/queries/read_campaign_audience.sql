-- read_campaign_audience: who heard the campaigns with occurred_at in [start, end), with since_start from the UTC day of
-- each one's start on.
-- A campaign is named by its place in the two lists of ids, which belong together. Clicks are left out.
-- Grain: one row per placement, household and listener. Parameters: start, end (timestamptz), since_start (boolean),
-- tenants (uuid[]), owners, campaigns (uuid[]).
SELECT
    exposures.tenant_id,
    exposures.campaign_id,
    exposures.placement_id,
    exposures.household_key,
    exposures.consumer_key,
    count(*) AS impressions
FROM ad_exposures AS exposures
INNER JOIN unnest(%(owners)s::uuid[], %(campaigns)s::uuid[]) AS requested (tenant_id, campaign_id)
    ON exposures.tenant_id = requested.tenant_id AND exposures.campaign_id = requested.campaign_id
INNER JOIN campaigns ON exposures.tenant_id = campaigns.tenant_id AND exposures.campaign_id = campaigns.campaign_id
WHERE
    exposures.tenant_id = any(%(tenants)s)
    AND exposures.occurred_at >= %(start)s AND exposures.occurred_at < %(end)s
    AND (exposures.occurred_at >= campaigns.starts_on::timestamp AT TIME ZONE 'UTC' OR NOT %(since_start)s)
    AND exposures.kind <> 'click'
GROUP BY
    exposures.tenant_id, exposures.campaign_id, exposures.placement_id, exposures.household_key, exposures.consumer_key
