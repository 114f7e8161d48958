-- read_arrived_days: days near computed ones for which rows were received lately.
-- Those are days with such a row of their own, days for which the same event was delivered too, and days with a
-- conversion signal of an order that one of these rows belongs to. Rows outside the bounds of an entry are no arrivals.
-- Today is left out unless it was computed: it is still filling.
-- Grain: one row per tenant and day. Parameters: received_since (timestamptz): rows received from then on; tenants (uuid[]).
WITH came AS (
    SELECT
        tenant_id,
        event_id,
        occurred_at,
        sponsor_id,
        kind,
        clean_order_id(order_id) AS order_id
    FROM attribution_events
    WHERE
        tenant_id = any(%(tenants)s)
        AND received_at >= %(received_since)s
        AND signal_in_bounds(occurred_at, received_at, value_minor)
),

affected AS (
    SELECT
        tenant_id,
        sponsor_id,
        CASE WHEN kind NOT IN ('impression', 'click') THEN order_id END AS order_id,
        (occurred_at AT TIME ZONE 'UTC')::date AS day
    FROM came
    UNION
    SELECT
        others.tenant_id,
        others.sponsor_id,
        CASE WHEN others.kind NOT IN ('impression', 'click') THEN clean_order_id(others.order_id) END AS order_id,
        (others.occurred_at AT TIME ZONE 'UTC')::date AS day
    FROM came
    INNER JOIN attribution_deliveries AS deliveries
        ON
            came.tenant_id = deliveries.tenant_id
            AND came.event_id = deliveries.event_id
            AND came.occurred_at <> deliveries.occurred_at
    INNER JOIN attribution_events AS others
        ON
            deliveries.tenant_id = others.tenant_id
            AND deliveries.event_id = others.event_id
            AND deliveries.occurred_at = others.occurred_at
    WHERE signal_in_bounds(others.occurred_at, others.received_at, others.value_minor)
),

arrived AS (
    SELECT
        tenant_id,
        (occurred_at AT TIME ZONE 'UTC')::date AS day
    FROM listener_events
    WHERE
        tenant_id = any(%(tenants)s)
        AND received_at >= %(received_since)s
        AND request_in_bounds(
            occurred_at, received_at, range_start, range_end, bytes_sent, position_seconds, heard_seconds
        )
    UNION
    SELECT
        tenant_id,
        day
    FROM affected
    UNION
    SELECT
        affected.tenant_id,
        (signals.occurred_at AT TIME ZONE 'UTC')::date AS day
    FROM affected
    INNER JOIN attribution_events AS signals
        ON
            affected.tenant_id = signals.tenant_id
            AND affected.sponsor_id = signals.sponsor_id
            AND affected.order_id = clean_order_id(signals.order_id)
    WHERE
        clean_order_id(signals.order_id) IS NOT NULL
        AND signals.kind NOT IN ('impression', 'click', 'survey', 'refund')
        AND signal_in_bounds(signals.occurred_at, signals.received_at, signals.value_minor)
)

SELECT
    arrived.tenant_id,
    arrived.day
FROM arrived
INNER JOIN (
    SELECT
        tenant_id,
        min(day) AS first_day,
        max(day) AS last_day
    FROM rollup_ledger
    WHERE asset = 'request_dispositions'
    GROUP BY tenant_id
) AS computed ON arrived.tenant_id = computed.tenant_id
WHERE
    arrived.day BETWEEN computed.first_day - 30 AND computed.last_day + 2
    AND (arrived.day <= computed.last_day OR arrived.day < (now() AT TIME ZONE 'UTC')::date)
