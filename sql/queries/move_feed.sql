-- move_feed: where a feed is now for good, unless another feed of the tenant is there already.
-- Grain: one row. Parameters: tenant, feed (uuid), url (text).
UPDATE feeds SET url = %(url)s
WHERE tenant_id = %(tenant)s
    AND feed_id = %(feed)s
    AND NOT EXISTS (SELECT FROM feeds AS other WHERE other.tenant_id = %(tenant)s AND other.url = %(url)s)
