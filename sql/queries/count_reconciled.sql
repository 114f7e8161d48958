-- count_reconciled: raw events as the continuous aggregate counts them beside those that have a disposition.
-- Grain: one row per tenant and day with dispositions. Parameters: days (date[]), tenants (uuid[]).
SELECT
    split.tenant_id,
    split.day,
    split.requests,
    coalesce((
        SELECT sum(counts.events) FROM listener_events_daily AS counts
        WHERE counts.tenant_id = split.tenant_id AND counts.starts_at = split.day::timestamp AT TIME ZONE 'UTC'
    ), 0)::bigint AS events
FROM (
    SELECT
        tenant_id,
        day,
        sum(requests)::bigint AS requests
    FROM request_dispositions
    WHERE tenant_id = any(%(tenants)s) AND day = any(%(days)s)
    GROUP BY tenant_id, day
) AS split
