-- read_missing_rows: tenants with fewer raw rows in [start, end) than the dispositions of the day spoke of.
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
        tenant_id,
        count(*) AS requests
    FROM listener_events
    WHERE tenant_id = any(%(tenants)s) AND occurred_at >= %(start)s AND occurred_at < %(end)s
    GROUP BY tenant_id
) AS there ON judged.tenant_id = there.tenant_id
WHERE coalesce(there.requests, 0) < judged.requests
