-- read_input_watermarks: how fresh the raw rows of the scoped tenants are, for events with occurred_at in [start, end).
-- Grain: one row per tenant that has rows. Parameters: start, end (timestamptz), tenants (uuid[]).
SELECT
    events.tenant_id,
    max(events.received_at) AS input_watermark
FROM (
    SELECT
        tenant_id,
        max(received_at) AS received_at
    FROM listener_events
    WHERE tenant_id = any(%(tenants)s) AND occurred_at >= %(start)s AND occurred_at < %(end)s
    GROUP BY tenant_id
    UNION ALL
    SELECT
        tenant_id,
        max(received_at) AS received_at
    FROM attribution_events
    WHERE tenant_id = any(%(tenants)s) AND occurred_at >= %(start)s AND occurred_at < %(end)s
    GROUP BY tenant_id
) AS events
GROUP BY events.tenant_id
