-- read_sponsor_exposures: what households with an address of their own heard of the sponsors in [start, end).
-- Grain: one row per exposure. Parameters: start, end (timestamptz), tenants, sponsors (uuid[]).
SELECT
    tenant_id,
    sponsor_id,
    exposure_id,
    occurred_at,
    kind,
    campaign_id,
    placement_id,
    household_key,
    address_class
FROM ad_exposures
WHERE
    tenant_id = any(%(tenants)s)
    AND sponsor_id = any(%(sponsors)s::uuid[])
    AND occurred_at >= %(start)s AND occurred_at < %(end)s
    AND address_class = 'household'
    AND household_key IS NOT NULL
