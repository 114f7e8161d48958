-- begin_taking_back: from now on the import is being taken back.
-- Grain: one row is changed. Parameters: tenant (uuid), import (bigint), person (text).
UPDATE imports SET state = 'taking_back', taken_back_by = %(person)s, updated_at = clock_timestamp()
WHERE tenant_id = %(tenant)s AND import_id = %(import)s
