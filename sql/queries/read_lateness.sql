-- read_lateness: how long after a day's end the tenants wait for late rows before its numbers are final.
-- Grain: one row per tenant. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    lateness_hours
FROM tenants
WHERE tenant_id = any(%(tenants)s)
