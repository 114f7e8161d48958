-- read_method_settings: what the scoped tenants measure and disclose by.
-- Grain: one row per tenant. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    name,
    timezone,
    download_window,
    suspect_pairs,
    whole_file_slack,
    lateness_hours,
    k_demographic,
    k_delivery,
    address_days,
    raw_days,
    earshot_dropped_after() AS dropped_after,
    (SELECT count(*) FROM erasures WHERE erasures.tenant_id = tenants.tenant_id) AS erased
FROM tenants
WHERE tenant_id = any(%(tenants)s)
