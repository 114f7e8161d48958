-- read_episodes: the episodes of the scoped tenants.
-- Grain: one row per episode. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    episode_id,
    podcast_id,
    published_at,
    duration_s
FROM episodes
WHERE tenant_id = any(%(tenants)s)
