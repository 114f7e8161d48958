-- count_import_overlaps: the rows of a batch that earlier imports had brought.
-- Grain: one row per earlier import is added or changed. Parameters: tenant (uuid), import (bigint), earlier and shared
-- (bigint[]), which belong together.
INSERT INTO import_overlaps AS kept (tenant_id, import_id, earlier_id, rows)
SELECT
    %(tenant)s::uuid AS tenant_id,
    %(import)s::bigint AS import_id,
    found.earlier_id,
    found.rows
FROM unnest(%(earlier)s::bigint[], %(shared)s::bigint[]) AS found (earlier_id, rows)
ON CONFLICT (tenant_id, import_id, earlier_id) DO UPDATE SET rows = kept.rows + excluded.rows
