-- check_dispositions_sum: tenants whose dispositions do not sum to their raw rows of the day.
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
    WHERE tenant_id = any(%(tenants)s) AND occurred_at >= %(start)s AND occurred_at < %(end)s
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
