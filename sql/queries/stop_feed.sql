-- stop_feed: a feed is not followed any more. What came from it stays.
-- Grain: one row. Parameters: tenant, feed (uuid).
UPDATE feeds SET is_active = FALSE
WHERE tenant_id = %(tenant)s AND feed_id = %(feed)s AND is_active
