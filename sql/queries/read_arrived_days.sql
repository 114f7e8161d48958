-- read_arrived_days: days near computed ones for which rows were received lately.
-- Those are days with such a row of their own, and days with a conversion signal of an order that such a row tells of.
-- Today is left out unless it was computed: it is still filling.
-- Grain: one row per tenant and day. Parameters: received_since (timestamptz): rows received from then on.
WITH told AS (
    SELECT
        tenant_id,
        sponsor_id,
        CASE WHEN kind NOT IN ('impression', 'click') THEN order_id END AS order_id,
        (occurred_at AT TIME ZONE 'UTC')::date AS day
    FROM attribution_events
    WHERE received_at >= %(received_since)s
),

arrived AS (
    SELECT
        tenant_id,
        (occurred_at AT TIME ZONE 'UTC')::date AS day
    FROM listener_events
    WHERE received_at >= %(received_since)s
    UNION
    SELECT
        tenant_id,
        day
    FROM told
    UNION
    SELECT
        told.tenant_id,
        (signals.occurred_at AT TIME ZONE 'UTC')::date AS day
    FROM told
    INNER JOIN attribution_events AS signals
        ON
            told.tenant_id = signals.tenant_id
            AND told.sponsor_id = signals.sponsor_id
            AND told.order_id = signals.order_id
    WHERE signals.kind NOT IN ('impression', 'click', 'survey', 'refund')
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
