-- count_reconciled: raw events as the continuous aggregate counts them beside those that have a disposition, less those that went
-- since the day was computed because their import was taken back.
-- Left out are days whose rows lie in the archive, which the aggregate counts no more, and days whose rows came or went after
-- followed_until: the aggregate does not have them yet.
-- Grain: one row per tenant and day with dispositions.
-- Parameters: days (date[]), tenants (uuid[]), followed_until (timestamptz).
WITH removed AS (
    SELECT
        days.tenant_id,
        days.day,
        sum(days.removed) FILTER (WHERE days.removed_at >= coalesce(line.began_at, '-infinity'))::bigint AS requests,
        max(days.removed_at) AS last_at
    FROM import_days AS days
    INNER JOIN imports ON days.tenant_id = imports.tenant_id AND days.import_id = imports.import_id
    LEFT JOIN rollup_ledger AS line
        ON days.tenant_id = line.tenant_id AND line.asset = 'request_dispositions' AND days.day = line.day
    WHERE days.tenant_id = any(%(tenants)s) AND days.day = any(%(days)s) AND days.removed > 0 AND imports.kind = 'requests'
    GROUP BY days.tenant_id, days.day
)

SELECT
    split.tenant_id,
    split.day,
    split.requests - coalesce(removed.requests, 0) AS requests,
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
LEFT JOIN removed ON split.tenant_id = removed.tenant_id AND split.day = removed.day
LEFT JOIN rollup_ledger AS line
    ON split.tenant_id = line.tenant_id AND line.asset = 'request_dispositions' AND split.day = line.day
WHERE
    coalesce(line.input_watermark <= %(followed_until)s, TRUE)
    AND coalesce(removed.last_at <= %(followed_until)s, TRUE)
    AND NOT EXISTS (
        SELECT FROM archived_days AS archived
        WHERE archived.tenant_id = split.tenant_id AND archived.day = split.day AND archived.dropped_at IS NOT NULL
    )
