-- retry_import_objects: quarantined objects of a source, or those that are named, are to be read again.
-- Grain: one row per object is changed. Parameters: tenant (uuid), source (text), objects (text[]; NULL: all quarantined),
-- is_forced (boolean).
UPDATE import_objects SET state = 'due', is_forced = %(is_forced)s
WHERE
    tenant_id = %(tenant)s
    AND source = %(source)s
    AND CASE WHEN %(objects)s::text[] IS NULL THEN state = 'quarantined' ELSE object = any(%(objects)s::text[]) END
