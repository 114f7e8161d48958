-- read_input_watermarks: how fresh the raw rows of the scoped tenants are, for events with occurred_at in [start, end).
-- Signals and refunds of other days belong to the input too, if their order has a signal in the window.
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
    UNION ALL
    SELECT
        later.tenant_id,
        max(later.received_at) AS received_at
    FROM (
        SELECT DISTINCT
            tenant_id,
            sponsor_id,
            order_id
        FROM attribution_events
        WHERE
            tenant_id = any(%(tenants)s)
            AND occurred_at >= %(start)s AND occurred_at < %(end)s
            AND kind NOT IN ('impression', 'click', 'survey', 'refund')
            AND order_id IS NOT NULL
    ) AS orders
    INNER JOIN attribution_events AS later
        ON
            orders.tenant_id = later.tenant_id
            AND orders.sponsor_id = later.sponsor_id
            AND orders.order_id = later.order_id
    WHERE later.kind NOT IN ('impression', 'click')
    GROUP BY later.tenant_id
) AS events
GROUP BY events.tenant_id
