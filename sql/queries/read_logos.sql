-- read_logos: the logos of a tenant and of its sponsors.
-- Grain: one row per owner that has one. Parameters: tenants, owners (uuid[]).
SELECT
    owner_id,
    picture
FROM logos
WHERE tenant_id = any(%(tenants)s) AND owner_id = any(%(owners)s)
