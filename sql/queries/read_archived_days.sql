-- read_archived_days: the days of tenants that lie in the archive, oldest first.
-- Grain: one row per tenant and UTC day. Parameters: tenants (uuid[]), first, last (date).
SELECT
    tenant_id,
    day,
    place,
    manifest_sha256,
    rows,
    bytes,
    archived_at,
    dropped_at,
    restored_at
FROM archived_days
WHERE tenant_id = any(%(tenants)s) AND day BETWEEN %(first)s AND %(last)s
ORDER BY tenant_id, day
