-- read_stale_days: computed days of which something arrived after the rollups read their rows.
-- That is a row of the day itself, which later days look back at, or a later signal or refund of an order that has a
-- signal on the day, which only its conversion hears of (is_own tells them apart: true for the first).
-- computed_until is the last day that the tenant has computed.
-- Grain: one row per tenant and day. Parameters: received_since (timestamptz): only rows received from then on are looked at.
WITH signals AS (
    SELECT
        tenant_id,
        sponsor_id,
        CASE WHEN kind NOT IN ('impression', 'click') THEN order_id END AS order_id,
        (occurred_at AT TIME ZONE 'UTC')::date AS day,
        received_at
    FROM attribution_events
    WHERE received_at >= %(received_since)s
),

arrived AS (
    SELECT
        tenant_id,
        (occurred_at AT TIME ZONE 'UTC')::date AS day,
        received_at,
        TRUE AS is_own
    FROM listener_events
    WHERE received_at >= %(received_since)s
    UNION ALL
    SELECT
        tenant_id,
        day,
        received_at,
        TRUE AS is_own
    FROM signals
    UNION ALL
    SELECT
        signals.tenant_id,
        (earlier.occurred_at AT TIME ZONE 'UTC')::date AS day,
        signals.received_at,
        FALSE AS is_own
    FROM signals
    INNER JOIN attribution_events AS earlier
        ON
            signals.tenant_id = earlier.tenant_id
            AND signals.sponsor_id = earlier.sponsor_id
            AND signals.order_id = earlier.order_id
    WHERE earlier.kind NOT IN ('impression', 'click', 'survey', 'refund')
)

SELECT
    arrived.tenant_id,
    arrived.day,
    max(arrived.received_at) AS received_at,
    bool_or(arrived.is_own) AS is_own,
    max(computed.until) AS computed_until
FROM arrived
INNER JOIN rollup_ledger AS ledger
    ON arrived.tenant_id = ledger.tenant_id AND arrived.day = ledger.day AND ledger.asset = 'request_dispositions'
INNER JOIN (
    SELECT
        tenant_id,
        max(day) AS until
    FROM rollup_ledger
    WHERE asset = 'request_dispositions'
    GROUP BY tenant_id
) AS computed
    ON arrived.tenant_id = computed.tenant_id
WHERE ledger.input_watermark IS NULL OR arrived.received_at > ledger.input_watermark
GROUP BY arrived.tenant_id, arrived.day
