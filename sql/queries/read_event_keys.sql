-- read_event_keys: kept keys of raw rows whose address is gone, with occurred_at in [start, end).
-- Grain: one row per event. Order is not guaranteed. Parameters: start, end (timestamptz), tenants (uuid[]).
SELECT
    keys.tenant_id,
    keys.occurred_at,
    keys.event_id,
    keys.consumer_key,
    keys.household_key,
    keys.key_version,
    keys.address_class,
    keys.on_inclusion_list,
    keys.ip_rules_version
FROM event_keys AS keys
INNER JOIN listener_events AS events
    ON
        keys.tenant_id = events.tenant_id
        AND keys.occurred_at = events.occurred_at
        AND keys.event_id = events.event_id
WHERE
    keys.tenant_id = any(%(tenants)s)
    AND keys.occurred_at >= %(start)s AND keys.occurred_at < %(end)s
    AND events.tenant_id = any(%(tenants)s)
    AND events.occurred_at >= %(start)s AND events.occurred_at < %(end)s
    AND events.client_ip IS NULL
