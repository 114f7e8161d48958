-- read_due_raw_days: days before a moment that have raw rows of one tenant which may go: all but attribution events with an
-- order, because another signal of the order, or a refund, may come at any time.
-- Grain: one row per UTC day. Parameters: before (timestamptz), tenants (uuid[]).
SELECT
    day,
    sum(rows)::bigint AS rows
FROM (
    SELECT
        (occurred_at AT TIME ZONE 'UTC')::date AS day,
        count(*) AS rows
    FROM listener_events
    WHERE tenant_id = any(%(tenants)s) AND occurred_at < %(before)s AND in_event_time_bounds(occurred_at)
    GROUP BY 1
    UNION ALL
    SELECT
        (occurred_at AT TIME ZONE 'UTC')::date AS day,
        count(*) AS rows
    FROM attribution_events
    WHERE
        tenant_id = any(%(tenants)s) AND occurred_at < %(before)s AND in_event_time_bounds(occurred_at)
        AND (kind IN ('impression', 'click') OR clean_order_id(order_id) IS NULL)
    GROUP BY 1
) AS found
GROUP BY 1
ORDER BY 1
