-- read_sponsors: the sponsors of a tenant.
-- Grain: one row per sponsor. Parameters: tenant (uuid).
SELECT
    sponsor_id,
    name
FROM sponsors
WHERE tenant_id = %(tenant)s
ORDER BY name
