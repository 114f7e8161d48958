-- count_taken_back: the rows of a day that an import had brought are gone.
-- Grain: one row is changed. Parameters: tenant (uuid), import, removed (bigint), day (date).
UPDATE import_days SET removed = %(removed)s, removed_at = clock_timestamp()
WHERE tenant_id = %(tenant)s AND import_id = %(import)s AND day = %(day)s
