-- read_delivered_before: how many impressions each placement had in [since, before).
-- Grain: one row per placement. Parameters: since, before (timestamptz), tenants, campaigns (uuid[]).
SELECT
    tenant_id,
    campaign_id,
    placement_id,
    count(*) AS impressions
FROM ad_exposures
WHERE
    tenant_id = any(%(tenants)s)
    AND campaign_id = any(%(campaigns)s::uuid[])
    AND occurred_at >= %(since)s AND occurred_at < %(before)s
    AND kind <> 'click'
GROUP BY tenant_id, campaign_id, placement_id
