-- read_due_files: the files of a feed that are to be looked at now, the newest episode first.
-- Grain: one row per file. Parameters: tenant, feed (uuid), now (timestamptz), unmeasured (boolean: what was never
-- measured too, however soon), most (integer).
SELECT
    named.asset_id,
    media.episode_id,
    media.path,
    named.url,
    named.declared_bytes,
    named.content_bytes,
    named.etag,
    named.last_modified,
    named.failures,
    media.file_bytes IS NULL AS is_unmeasured,
    episodes.published_at
FROM feed_files AS named
INNER JOIN media_assets AS media ON named.tenant_id = media.tenant_id AND named.asset_id = media.asset_id
INNER JOIN episodes ON media.tenant_id = episodes.tenant_id AND media.episode_id = episodes.episode_id
WHERE named.tenant_id = %(tenant)s
    AND named.feed_id = %(feed)s
    AND (named.next_at <= %(now)s OR (%(unmeasured)s AND media.file_bytes IS NULL))
    AND media.replaced_at IS NULL
ORDER BY episodes.published_at DESC, media.path ASC
LIMIT %(most)s
