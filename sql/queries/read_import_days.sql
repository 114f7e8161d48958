-- read_import_days: the days on which an import brought rows that are still there.
-- Grain: one row per day. Parameters: tenant (uuid), number (bigint).
SELECT
    day,
    rows
FROM import_days
WHERE tenant_id = %(tenant)s AND import_id = %(number)s AND removed IS NULL
ORDER BY day
