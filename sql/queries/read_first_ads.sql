-- read_first_ads: when the campaigns first reached each of the households with occurred_at in [start, end), counted from
-- the UTC day of each campaign's start on. Clicks are left out.
-- Grain: one row per campaign and household. Parameters: start, end (timestamptz), tenants, campaigns (uuid[]),
-- households (bigint[]).
-- Joins: by hash.
SELECT
    exposures.tenant_id,
    exposures.campaign_id,
    exposures.household_key,
    min(exposures.occurred_at) AS first_ad_at
FROM ad_exposures AS exposures
INNER JOIN campaigns ON exposures.tenant_id = campaigns.tenant_id AND exposures.campaign_id = campaigns.campaign_id
WHERE
    exposures.tenant_id = any(%(tenants)s)
    AND exposures.campaign_id = any(%(campaigns)s::uuid[])
    AND exposures.occurred_at >= %(start)s AND exposures.occurred_at < %(end)s
    AND exposures.occurred_at >= campaigns.starts_on::timestamp AT TIME ZONE 'UTC'
    AND exposures.kind <> 'click'
    AND exposures.household_key = any(%(households)s::bigint[])
GROUP BY exposures.tenant_id, exposures.campaign_id, exposures.household_key
