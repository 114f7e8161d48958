-- read_placement_delivery: what the campaigns delivered on the UTC days first to last, both included.
-- Grain: one row per day, placement and episode. Parameters: first, last (date), tenants, campaigns (uuid[]).
SELECT
    tenant_id,
    day,
    campaign_id,
    placement_id,
    episode_id,
    impressions,
    usable_impressions,
    clicks
FROM placement_delivery
WHERE
    tenant_id = any(%(tenants)s)
    AND campaign_id = any(%(campaigns)s::uuid[])
    AND day >= %(first)s AND day <= %(last)s
