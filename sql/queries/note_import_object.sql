-- note_import_object: an object of a source was read, and what came of it.
-- Grain: one row is added or changed. Parameters: tenant (uuid), source, object, version, state, reason (text), bytes, import
-- (bigint), modified_at (timestamptz); reason, bytes, import and modified_at may be NULL.
INSERT INTO import_objects AS known (
    tenant_id, source, object, version, bytes, modified_at, state, reason, attempts, import_id
) VALUES (
    %(tenant)s, %(source)s, %(object)s, %(version)s, %(bytes)s, %(modified_at)s, %(state)s, %(reason)s,
    CASE WHEN %(state)s = 'quarantined' THEN 1 ELSE 0 END, %(import)s
)
ON CONFLICT (tenant_id, source, object) DO UPDATE SET
version = excluded.version,
bytes = excluded.bytes,
modified_at = excluded.modified_at,
state = excluded.state,
reason = excluded.reason,
attempts = CASE WHEN excluded.state = 'quarantined' THEN known.attempts + 1 ELSE 0 END,
is_forced = FALSE,
import_id = coalesce(excluded.import_id, known.import_id),
read_at = clock_timestamp()
