-- take_back_rejects: deletes the rejected lines that an import alone brought.
-- Grain: one row per line. Parameters: tenant (uuid), import (bigint).
DELETE FROM ingest_rejects
WHERE tenant_id = %(tenant)s AND import_id = %(import)s
