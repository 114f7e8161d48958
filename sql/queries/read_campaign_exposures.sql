-- read_campaign_exposures: the exposures of the campaigns in [start, end).
-- Grain: one row per exposure. Parameters: start, end (timestamptz), tenants, campaigns (uuid[]; NULL: all).
SELECT
    tenant_id,
    day,
    occurred_at,
    campaign_id,
    placement_id,
    episode_id,
    kind,
    household_key,
    consumer_key,
    address_class
FROM ad_exposures
WHERE
    tenant_id = any(%(tenants)s)
    AND occurred_at >= %(start)s AND occurred_at < %(end)s
    AND (%(campaigns)s::uuid[] IS NULL OR campaign_id = any(%(campaigns)s::uuid[]))
