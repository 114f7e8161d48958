-- set_show: the title of a show as its feed has it now, unless somebody has given it another one than the feed had.
-- Grain: one row. Parameters: tenant, podcast, feed (uuid), title (text).
UPDATE podcasts SET title = %(title)s
WHERE tenant_id = %(tenant)s
    AND podcast_id = %(podcast)s
    AND title <> %(title)s
    AND title = (SELECT states.title FROM feed_states AS states WHERE states.tenant_id = %(tenant)s AND states.feed_id = %(feed)s)
