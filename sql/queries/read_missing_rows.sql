-- read_missing_rows: tenants with fewer raw rows in [start, end) than the dispositions of the day spoke of, not counting
-- those that came after the day was computed: they do not replace the ones that went. Rows that went since because their import
-- was taken back are not missing.
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
        days.tenant_id,
        sum(days.removed)::bigint AS requests
    FROM import_days AS days
    INNER JOIN imports ON days.tenant_id = imports.tenant_id AND days.import_id = imports.import_id
    LEFT JOIN rollup_ledger AS line
        ON days.tenant_id = line.tenant_id AND line.asset = 'request_dispositions' AND days.day = line.day
    WHERE
        days.tenant_id = any(%(tenants)s)
        AND days.day = %(day)s
        AND days.removed > 0
        AND imports.kind = 'requests'
        AND days.removed_at >= coalesce(line.began_at, '-infinity')
    GROUP BY days.tenant_id
) AS taken_back ON judged.tenant_id = taken_back.tenant_id
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
WHERE coalesce(there.requests, 0) < judged.requests - coalesce(taken_back.requests, 0)
