-- read_judged_requests: how many raw rows the dispositions of the days first to last speak of.
-- Grain: one row per tenant and day that was computed. Parameters: first, last (date), tenants (uuid[]).
SELECT
    tenant_id,
    day,
    sum(requests)::bigint AS requests
FROM request_dispositions
WHERE tenant_id = any(%(tenants)s) AND day BETWEEN %(first)s AND %(last)s
GROUP BY tenant_id, day
