-- read_key_rotations: every version of the key ring that came into force for tenants, oldest first, when, and by whom.
-- Grain: one row per tenant and version. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    version,
    rotated_at,
    rotated_by
FROM key_rotations
WHERE tenant_id = any(%(tenants)s)
ORDER BY tenant_id, version
