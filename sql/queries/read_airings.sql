-- read_airings: when each placement was on the air, and in which episode.
-- Grain: one row per placement and episode. A dynamic placement that lists no episodes runs in its whole show: each
-- episode airs it from its publication. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    placement_id,
    episode_id,
    aired_at
FROM placement_episodes
WHERE tenant_id = any(%(tenants)s)
UNION ALL
SELECT
    placements.tenant_id,
    placements.placement_id,
    episodes.episode_id,
    episodes.published_at AS aired_at
FROM placements
INNER JOIN episodes ON placements.tenant_id = episodes.tenant_id AND placements.podcast_id = episodes.podcast_id
WHERE
    placements.tenant_id = any(%(tenants)s)
    AND placements.kind = 'dynamic'
    AND NOT EXISTS (
        SELECT 1
        FROM placement_episodes AS listed
        WHERE listed.tenant_id = placements.tenant_id AND listed.placement_id = placements.placement_id
    )
