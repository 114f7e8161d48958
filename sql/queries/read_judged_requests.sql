-- read_judged_requests: how many raw rows the dispositions of the days first to last speak of, less those that went since because
-- their import was taken back.
-- Grain: one row per tenant and day that was computed. Parameters: first, last (date), tenants (uuid[]).
SELECT
    judged.tenant_id,
    judged.day,
    judged.requests - coalesce(taken_back.requests, 0) AS requests
FROM (
    SELECT
        tenant_id,
        day,
        sum(requests)::bigint AS requests
    FROM request_dispositions
    WHERE tenant_id = any(%(tenants)s) AND day BETWEEN %(first)s AND %(last)s
    GROUP BY tenant_id, day
) AS judged
LEFT JOIN (
    SELECT
        days.tenant_id,
        days.day,
        sum(days.removed)::bigint AS requests
    FROM import_days AS days
    INNER JOIN imports ON days.tenant_id = imports.tenant_id AND days.import_id = imports.import_id
    LEFT JOIN rollup_ledger AS line
        ON days.tenant_id = line.tenant_id AND line.asset = 'request_dispositions' AND days.day = line.day
    WHERE
        days.tenant_id = any(%(tenants)s)
        AND days.day BETWEEN %(first)s AND %(last)s
        AND days.removed > 0
        AND imports.kind = 'requests'
        AND days.removed_at >= coalesce(line.began_at, '-infinity')
    GROUP BY days.tenant_id, days.day
) AS taken_back ON judged.tenant_id = taken_back.tenant_id AND judged.day = taken_back.day
