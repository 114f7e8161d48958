-- read_shared_orders: order ids that many households share, of conversions with converted_at in [start, end): each signal under
-- one stands for itself, so the conversion has the id of its event and no order.
-- Grain: one row per sponsor and id, as clean_order_id has it. Parameters: start, end (timestamptz), tenants (uuid[]).
SELECT
    conversions.tenant_id,
    conversions.sponsor_id,
    sponsors.name AS sponsor,
    clean_order_id(events.order_id) AS order_id,
    count(*) AS conversions
FROM conversions
INNER JOIN attribution_events AS events
    ON
        conversions.tenant_id = events.tenant_id
        AND conversions.converted_at = events.occurred_at
        AND conversions.conversion_id = events.event_id
LEFT JOIN sponsors
    ON conversions.tenant_id = sponsors.tenant_id AND conversions.sponsor_id = sponsors.sponsor_id
WHERE
    conversions.tenant_id = any(%(tenants)s)
    AND conversions.converted_at >= %(start)s AND conversions.converted_at < %(end)s
    AND events.occurred_at >= %(start)s AND events.occurred_at < %(end)s
    AND conversions.order_id IS NULL
    AND clean_order_id(events.order_id) IS NOT NULL
GROUP BY conversions.tenant_id, conversions.sponsor_id, sponsors.name, clean_order_id(events.order_id)
