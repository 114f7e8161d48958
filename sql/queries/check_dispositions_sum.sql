-- check_dispositions_sum: tenants whose dispositions do not sum to their raw rows of the day.
-- Rows outside the bounds of an entry have none: they are left out here too, and check_rows_plausible counts them. Rows that
-- came since the day was read may have one or not: the day is older than they are, and is computed again.
-- Grain: one row per offending tenant. Parameters: start, end (timestamptz), day (date), tenants (uuid[]).
SELECT
    tenant_id,
    1::bigint AS offences,
    format('%%s raw rows, %%s with a disposition', coalesce(raw.requests, 0), coalesce(split.requests, 0)) AS example
FROM (
    SELECT
        events.tenant_id,
        count(*) AS requests,
        count(*) FILTER (WHERE events.received_at < coalesce(line.began_at, 'infinity')) AS read_requests
    FROM listener_events AS events
    LEFT JOIN rollup_ledger AS line
        ON events.tenant_id = line.tenant_id AND line.asset = 'request_dispositions' AND line.day = %(day)s
    WHERE
        events.tenant_id = any(%(tenants)s)
        AND events.occurred_at >= %(start)s AND events.occurred_at < %(end)s
        AND request_in_bounds(
            events.occurred_at, events.received_at, events.range_start, events.range_end, events.bytes_sent,
            events.position_seconds, events.heard_seconds
        )
    GROUP BY events.tenant_id
) AS raw
FULL JOIN (
    SELECT
        tenant_id,
        sum(requests)::bigint AS requests
    FROM request_dispositions
    WHERE tenant_id = any(%(tenants)s) AND day = %(day)s
    GROUP BY tenant_id
) AS split USING (tenant_id)
WHERE coalesce(split.requests, 0) NOT BETWEEN coalesce(raw.read_requests, 0) AND coalesce(raw.requests, 0)
