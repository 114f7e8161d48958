-- read_attribution_event_keys: kept keys of attribution events whose address is gone: of impressions and clicks, or of all
-- the others (exposures), with occurred_at in [start, end) and on one of the UTC days.
-- Grain: one row per event and key version. Order is not guaranteed. Parameters: start, end (timestamptz), days (date[]),
-- tenants (uuid[]), exposures (boolean).
SELECT
    keys.tenant_id,
    keys.occurred_at,
    keys.event_id,
    keys.key_version,
    keys.consumer_key,
    keys.household_key,
    keys.address_class,
    keys.ip_rules_version
FROM attribution_event_keys AS keys
INNER JOIN attribution_events AS events
    ON
        keys.tenant_id = events.tenant_id
        AND keys.occurred_at = events.occurred_at
        AND keys.event_id = events.event_id
WHERE
    keys.tenant_id = any(%(tenants)s)
    AND keys.occurred_at >= %(start)s AND keys.occurred_at < %(end)s
    AND (keys.occurred_at AT TIME ZONE 'UTC')::date = any(%(days)s)
    AND events.tenant_id = any(%(tenants)s)
    AND events.occurred_at >= %(start)s AND events.occurred_at < %(end)s
    AND events.client_ip IS NULL
    AND (events.kind IN ('impression', 'click')) = %(exposures)s
