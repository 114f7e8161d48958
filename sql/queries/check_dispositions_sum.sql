-- check_dispositions_sum: tenants whose dispositions do not sum to their raw rows of the day.
-- Rows outside the bounds of an entry have none: they are left out here too, and check_rows_plausible counts them.
-- Grain: one row per offending tenant. Parameters: start, end (timestamptz), day (date), tenants (uuid[]).
SELECT
    tenant_id,
    1::bigint AS offences,
    format('%%s raw rows, %%s with a disposition', coalesce(raw.requests, 0), coalesce(split.requests, 0)) AS example
FROM (
    SELECT
        tenant_id,
        count(*) AS requests
    FROM listener_events
    WHERE
        tenant_id = any(%(tenants)s)
        AND occurred_at >= %(start)s AND occurred_at < %(end)s
        AND request_in_bounds(
            occurred_at, received_at, range_start, range_end, bytes_sent, position_seconds, heard_seconds
        )
    GROUP BY tenant_id
) AS raw
FULL JOIN (
    SELECT
        tenant_id,
        sum(requests)::bigint AS requests
    FROM request_dispositions
    WHERE tenant_id = any(%(tenants)s) AND day = %(day)s
    GROUP BY tenant_id
) AS split USING (tenant_id)
WHERE coalesce(raw.requests, 0) <> coalesce(split.requests, 0)
