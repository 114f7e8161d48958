-- add_feed_departures: the guids that a feed has no more, with why. Their episodes stay.
-- Grain: one row per guid. Parameters: tenant, feed (uuid), guids, reasons (text[]), now (timestamptz).
UPDATE feed_items SET left_at = %(now)s, left_because = gone.reason
FROM unnest(%(guids)s::text[], %(reasons)s::text[]) AS gone (guid, reason)
WHERE feed_items.tenant_id = %(tenant)s
    AND feed_items.feed_id = %(feed)s
    AND feed_items.guid = gone.guid
    AND feed_items.left_at IS NULL
