-- expire_strange_addresses: deletes one tenant's raw rows before a moment that have an address and a value outside the
-- bounds of an entry. No number counts them, no key is kept of them, and they cannot be changed as they are: whoever
-- wants to correct them has as long as the addresses stay. An infinite time is before every moment.
-- Grain: one row per event. Parameters: tenant (uuid), before (timestamptz).
WITH requests AS (
    DELETE FROM listener_events AS events
    WHERE
        events.tenant_id = %(tenant)s
        AND (events.occurred_at < %(before)s OR NOT in_event_time_bounds(events.occurred_at))
        AND events.client_ip IS NOT NULL
        AND NOT request_in_bounds(
            events.occurred_at, events.received_at, events.range_start, events.range_end, events.bytes_sent,
            events.position_seconds, events.heard_seconds
        )
)

DELETE FROM attribution_events AS events
WHERE
    events.tenant_id = %(tenant)s
    AND (events.occurred_at < %(before)s OR NOT in_event_time_bounds(events.occurred_at))
    AND events.client_ip IS NOT NULL
    AND NOT signal_in_bounds(events.occurred_at, events.received_at, events.value_minor)
