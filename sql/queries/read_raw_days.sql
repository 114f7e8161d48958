-- read_raw_days: how many raw rows there are with occurred_at in [start, end), of all tenants, and how late they came.
-- lag_hours: mean of the hours from occurred_at to received_at, none below 0; longest_lag_hours: the greatest of them.
-- Grain: one row per raw table and UTC day with rows, ordered. Parameters: start, end (timestamptz).
SELECT
    raw.source_table,
    raw.day,
    count(*) AS rows,
    count(DISTINCT raw.tenant_id) AS tenants,
    max(raw.received_at) AS newest_received_at,
    avg(greatest(extract(EPOCH FROM raw.received_at - raw.occurred_at), 0))::float8 / 3600 AS lag_hours,
    max(greatest(extract(EPOCH FROM raw.received_at - raw.occurred_at), 0))::float8 / 3600 AS longest_lag_hours
FROM (
    SELECT
        'listener_events' AS source_table,
        (occurred_at AT TIME ZONE 'UTC')::date AS day,
        tenant_id,
        occurred_at,
        received_at
    FROM listener_events
    WHERE occurred_at >= %(start)s AND occurred_at < %(end)s AND isfinite(received_at)
    UNION ALL
    SELECT
        'attribution_events' AS source_table,
        (occurred_at AT TIME ZONE 'UTC')::date AS day,
        tenant_id,
        occurred_at,
        received_at
    FROM attribution_events
    WHERE occurred_at >= %(start)s AND occurred_at < %(end)s AND isfinite(received_at)
) AS raw
GROUP BY raw.source_table, raw.day
ORDER BY raw.source_table, raw.day
