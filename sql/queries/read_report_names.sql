-- read_report_names: what people call the episodes and placements of a tenant.
-- Grain: one row per placement and episode that it can be heard in. Parameters: tenants (uuid[]), placements (uuid[]).
SELECT
    placements.placement_id,
    episodes.episode_id,
    placements.name AS placement,
    placements.position,
    podcasts.title AS show,
    episodes.title AS episode,
    episodes.url AS episode_url
FROM placements
INNER JOIN podcasts
    ON placements.tenant_id = podcasts.tenant_id AND placements.podcast_id = podcasts.podcast_id
INNER JOIN episodes
    ON podcasts.tenant_id = episodes.tenant_id AND podcasts.podcast_id = episodes.podcast_id
WHERE placements.tenant_id = any(%(tenants)s) AND placements.placement_id = any(%(placements)s)
