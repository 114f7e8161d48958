-- read_stale_days: computed days with raw rows that arrived after the rollups read theirs.
-- Grain: one row per tenant and day. Parameters: received_since (timestamptz): only rows received from then on are looked at.
SELECT
    late.tenant_id,
    late.day,
    late.received_at
FROM (
    SELECT
        events.tenant_id,
        (events.occurred_at AT TIME ZONE 'UTC')::date AS day,
        max(events.received_at) AS received_at
    FROM (
        SELECT
            tenant_id,
            occurred_at,
            received_at
        FROM listener_events
        WHERE received_at >= %(received_since)s
        UNION ALL
        SELECT
            tenant_id,
            occurred_at,
            received_at
        FROM attribution_events
        WHERE received_at >= %(received_since)s
    ) AS events
    GROUP BY events.tenant_id, day
) AS late
INNER JOIN rollup_ledger AS ledger
    ON late.tenant_id = ledger.tenant_id AND late.day = ledger.day AND ledger.asset = 'request_dispositions'
WHERE ledger.input_watermark IS NULL OR late.received_at > ledger.input_watermark
