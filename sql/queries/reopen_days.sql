-- reopen_days: what the raw rows of these days were has changed now, whatever their number: they are computed again.
-- Grain: one row per day and source is changed, or added where nobody looked before. Parameters: tenant (uuid), days (date[]),
-- sources (text[]).
INSERT INTO ingest_watermarks AS recorded (tenant_id, source, day, rows, changed_at)
SELECT DISTINCT
    %(tenant)s::uuid AS tenant_id,
    changed.source,
    altered.day,
    0 AS rows,
    clock_timestamp() AS changed_at
FROM unnest(%(days)s::date[]) AS altered (day)
CROSS JOIN unnest(%(sources)s::text[]) AS changed (source)
ON CONFLICT (tenant_id, source, day) DO UPDATE SET rows = 0, received_at = NULL, changed_at = excluded.changed_at
