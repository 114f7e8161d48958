-- read_listening_methods: how the scoped tenants measure: their download window and their limit for suspect addresses.
-- Grain: one row per tenant. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    download_window,
    suspect_pairs
FROM tenants
WHERE tenant_id = any(%(tenants)s)
