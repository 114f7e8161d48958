-- read_shows: the shows of the scoped tenants.
-- Grain: one row per show. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    podcast_id,
    slug,
    title
FROM podcasts
WHERE tenant_id = any(%(tenants)s)
ORDER BY tenant_id, slug
