-- read_days_of_orders: other days with signals of the orders that an import brought on a day.
-- Grain: one row per day. Parameters: tenant (uuid), import (bigint), start, end (timestamptz).
SELECT DISTINCT (signals.occurred_at AT TIME ZONE 'UTC')::date AS day
FROM attribution_events AS brought
INNER JOIN attribution_events AS signals
    ON
        brought.tenant_id = signals.tenant_id
        AND brought.sponsor_id = signals.sponsor_id
        AND brought.order_id = signals.order_id
WHERE
    brought.tenant_id = %(tenant)s
    AND brought.import_id = %(import)s
    AND brought.occurred_at >= %(start)s AND brought.occurred_at < %(end)s
    AND (signals.occurred_at < %(start)s OR signals.occurred_at >= %(end)s)
