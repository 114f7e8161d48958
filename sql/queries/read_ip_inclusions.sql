-- read_ip_inclusions: shared addresses that the scoped tenants keep although they look like data centres or crowds.
-- Grain: one row per network. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    network::text AS network,
    reason,
    validated_at
FROM ip_inclusions
WHERE tenant_id = any(%(tenants)s)
