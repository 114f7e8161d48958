-- add_feed: a feed of a show, followed from now on; one that was stopped is followed again.
-- Grain: one row. Parameters: tenant, feed, podcast (uuid), url (text).
INSERT INTO feeds AS kept (tenant_id, feed_id, podcast_id, url)
VALUES (%(tenant)s, %(feed)s, %(podcast)s, %(url)s)
ON CONFLICT (tenant_id, url) DO UPDATE SET is_active = TRUE
WHERE NOT kept.is_active
