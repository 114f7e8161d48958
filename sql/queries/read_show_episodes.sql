-- read_show_episodes: the episodes of a show, as its feed may change them.
-- Grain: one row per episode. Parameters: tenant, podcast (uuid).
SELECT
    episode_id,
    guid,
    title,
    published_at,
    number,
    duration_s
FROM episodes
WHERE tenant_id = %(tenant)s AND podcast_id = %(podcast)s
