-- note_archived_day: a tenant's day lies in the archive, in this state of its manifest.
-- Grain: one row. Parameters: tenant (uuid), day (date), place, manifest_sha256 (text), rows, bytes (bigint).
INSERT INTO archived_days (tenant_id, day, place, manifest_sha256, rows, bytes, archived_at)
VALUES (%(tenant)s, %(day)s, %(place)s, %(manifest_sha256)s, %(rows)s, %(bytes)s, clock_timestamp())
ON CONFLICT (tenant_id, day) DO UPDATE SET
place = excluded.place,
manifest_sha256 = excluded.manifest_sha256,
rows = excluded.rows,
bytes = excluded.bytes,
archived_at = excluded.archived_at
