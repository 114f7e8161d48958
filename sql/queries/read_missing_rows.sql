-- read_missing_rows: tenants with fewer raw rows in [start, end) than the dispositions of the day spoke of, not counting
-- those that came after the day was computed: they do not replace the ones that went.
-- Grain: one row per such tenant. Parameters: start, end (timestamptz), day (date), tenants (uuid[]).
SELECT
    judged.tenant_id,
    judged.requests,
    coalesce(there.requests, 0) AS there
FROM (
    SELECT
        tenant_id,
        sum(requests)::bigint AS requests
    FROM request_dispositions
    WHERE tenant_id = any(%(tenants)s) AND day = %(day)s
    GROUP BY tenant_id
) AS judged
LEFT JOIN (
    SELECT
        events.tenant_id,
        count(*) AS requests
    FROM listener_events AS events
    LEFT JOIN rollup_ledger AS line
        ON events.tenant_id = line.tenant_id AND line.asset = 'request_dispositions' AND line.day = %(day)s
    WHERE
        events.tenant_id = any(%(tenants)s)
        AND events.occurred_at >= %(start)s AND events.occurred_at < %(end)s
        -- The clock of whoever noted when a row was received may be ahead of ours.
        AND (
            events.received_at <= coalesce(greatest(line.finished_at, line.input_watermark), 'infinity')
            OR NOT in_event_time_bounds(events.received_at)
        )
    GROUP BY events.tenant_id
) AS there ON judged.tenant_id = there.tenant_id
WHERE coalesce(there.requests, 0) < judged.requests
