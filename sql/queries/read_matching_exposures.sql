-- read_matching_exposures: exposures of the sponsors in [start, end) that share one of the given keys.
-- Grain: one row per exposure. Parameters: start, end (timestamptz), tenants, sponsors (uuid[]), households, consumers
-- (bigint[]), listeners (text[]).
SELECT
    tenant_id,
    sponsor_id,
    exposure_id,
    occurred_at,
    kind,
    campaign_id,
    placement_id,
    episode_id,
    household_key,
    consumer_key,
    listener_id,
    address_class
FROM ad_exposures
WHERE
    tenant_id = any(%(tenants)s)
    AND sponsor_id = any(%(sponsors)s::uuid[])
    AND occurred_at >= %(start)s AND occurred_at < %(end)s
    AND (
        household_key = any(%(households)s::bigint[])
        OR consumer_key = any(%(consumers)s::bigint[])
        OR listener_id = any(%(listeners)s::text[])
    )
