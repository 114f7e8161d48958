-- count_due_feeds: how many feeds are to be looked at.
-- Grain: one row. Parameters: now (timestamptz).
SELECT count(*) AS feeds
FROM feeds
LEFT JOIN feed_states AS states ON feeds.tenant_id = states.tenant_id AND feeds.feed_id = states.feed_id
WHERE feeds.is_active AND coalesce(states.next_at <= %(now)s, TRUE)
