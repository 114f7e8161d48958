-- count_import_days: the new rows of a batch, by day.
-- Grain: one row per day is added or changed. Parameters: tenant (uuid), import (bigint), days (date[]) and counts (bigint[]),
-- which belong together.
INSERT INTO import_days AS kept (tenant_id, import_id, day, rows)
SELECT
    %(tenant)s::uuid AS tenant_id,
    %(import)s::bigint AS import_id,
    added.day,
    added.rows
FROM unnest(%(days)s::date[], %(counts)s::bigint[]) AS added (day, rows)
ON CONFLICT (tenant_id, import_id, day) DO UPDATE SET
rows = kept.rows + excluded.rows,
changed_at = clock_timestamp()
