-- expire_signal_addresses: takes the addresses of one tenant's attribution events in [start, end) away, where their keys
-- are kept. Grain: one row per event, changed in place. Parameters: tenant (uuid), start, end (timestamptz).
UPDATE attribution_events AS events SET client_ip = NULL
WHERE
    events.tenant_id = %(tenant)s
    AND events.occurred_at >= %(start)s AND events.occurred_at < %(end)s
    AND events.client_ip IS NOT NULL
    AND signal_in_bounds(events.occurred_at, events.received_at, events.value_minor)
    AND EXISTS (
        SELECT 1
        FROM attribution_event_keys AS keys
        WHERE
            keys.tenant_id = %(tenant)s
            AND keys.occurred_at >= %(start)s AND keys.occurred_at < %(end)s
            AND keys.occurred_at = events.occurred_at
            AND keys.event_id = events.event_id
    )
