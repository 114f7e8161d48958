-- expire_rejects: deletes one tenant's lines that could not be stored and came before a moment: they hold addresses too.
-- Grain: one row per line. Parameters: tenant (uuid), before (timestamptz).
DELETE FROM ingest_rejects
WHERE tenant_id = %(tenant)s AND received_at < %(before)s
