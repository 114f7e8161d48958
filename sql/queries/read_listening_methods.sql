-- read_listening_methods: how the scoped tenants measure: their window, their limit for suspect addresses,
-- and how much of a short file may be missing.
-- Grain: one row per tenant. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    download_window,
    suspect_pairs,
    whole_file_slack
FROM tenants
WHERE tenant_id = any(%(tenants)s)
