-- read_key_versions: the version of the key ring that the stored keys of tenants are of, where they were rotated.
-- Grain: one row per tenant whose keys were rotated. Order is not guaranteed. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    max(version)::integer AS version
FROM key_rotations
WHERE tenant_id = any(%(tenants)s)
GROUP BY tenant_id
