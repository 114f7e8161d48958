-- add_feed_items: the guids that a feed has now; those that had left it are back.
-- Grain: one row per guid. Parameters: tenant, feed (uuid), guids (text[]), episodes (uuid[]), now (timestamptz).
INSERT INTO feed_items AS kept (tenant_id, feed_id, guid, episode_id, first_seen_at)
SELECT
    %(tenant)s,
    %(feed)s,
    said.guid,
    said.episode_id,
    %(now)s AS first_seen_at
FROM unnest(%(guids)s::text[], %(episodes)s::uuid[]) AS said (guid, episode_id)
ON CONFLICT (tenant_id, feed_id, guid) DO UPDATE SET
episode_id = excluded.episode_id, left_at = NULL, left_because = NULL
WHERE kept.left_at IS NOT NULL OR kept.episode_id <> excluded.episode_id
