-- read_feed_items: every guid that a feed has had, with its episode.
-- Grain: one row per guid. Parameters: tenant, feed (uuid).
SELECT
    guid,
    episode_id,
    left_at IS NOT NULL AS has_left
FROM feed_items
WHERE tenant_id = %(tenant)s AND feed_id = %(feed)s
