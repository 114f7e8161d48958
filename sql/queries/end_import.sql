-- end_import: an import is over.
-- Grain: one row is changed. Parameters: tenant (uuid), import (bigint), state, detail (text; detail may be NULL).
UPDATE imports SET state = %(state)s, detail = %(detail)s, updated_at = clock_timestamp()
WHERE tenant_id = %(tenant)s AND import_id = %(import)s
