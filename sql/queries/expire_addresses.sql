-- expire_addresses: takes the addresses of one tenant's raw rows in [start, end) away, where their keys are kept.
-- Grain: one row per event, changed in place. Parameters: tenant (uuid), start, end (timestamptz).
UPDATE listener_events AS events SET client_ip = NULL
FROM event_keys AS keys
WHERE
    events.tenant_id = %(tenant)s
    AND events.occurred_at >= %(start)s AND events.occurred_at < %(end)s
    AND events.client_ip IS NOT NULL
    AND request_in_bounds(
        events.occurred_at, events.received_at, events.range_start, events.range_end, events.bytes_sent,
        events.position_seconds, events.heard_seconds
    )
    AND keys.tenant_id = %(tenant)s
    AND keys.occurred_at >= %(start)s AND keys.occurred_at < %(end)s
    AND keys.occurred_at = events.occurred_at
    AND keys.event_id = events.event_id
