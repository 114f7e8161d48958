-- read_methodology_versions: the methodology that is in force for each of the scoped tenants.
-- Grain: one row per tenant that has one. Parameters: tenants (uuid[]).
SELECT DISTINCT ON (tenant_id)
    tenant_id,
    version,
    valid_from
FROM methodologies
WHERE tenant_id = any(%(tenants)s)
ORDER BY tenant_id ASC, valid_from DESC
