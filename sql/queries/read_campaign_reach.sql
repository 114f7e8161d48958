-- read_campaign_reach: the campaigns' distinct audiences as of the end of the day.
-- Grain: one row per campaign. Parameters: day (date), tenants, campaigns (uuid[]).
SELECT
    tenant_id,
    campaign_id,
    households,
    consumers
FROM campaign_reach
WHERE
    tenant_id = any(%(tenants)s)
    AND campaign_id = any(%(campaigns)s::uuid[])
    AND day = %(day)s
    AND level = 'campaign'
