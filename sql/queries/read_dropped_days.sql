-- read_dropped_days: the tenants whose raw rows of a day lie in the archive alone.
-- Grain: one row per such tenant. Parameters: day (date), tenants (uuid[]).
SELECT
    tenant_id,
    place
FROM archived_days
WHERE tenant_id = any(%(tenants)s) AND day = %(day)s AND dropped_at IS NOT NULL
