-- read_import_objects: the objects of a source that were read.
-- Grain: one row per object. Parameters: tenant (uuid), source (text), states (text[]; NULL: all).
SELECT
    object,
    version,
    bytes,
    modified_at,
    state,
    reason,
    attempts,
    is_forced,
    import_id,
    read_at
FROM import_objects
WHERE
    tenant_id = %(tenant)s
    AND source = %(source)s
    AND (%(states)s::text[] IS NULL OR state = any(%(states)s::text[]))
ORDER BY read_at DESC, object ASC
