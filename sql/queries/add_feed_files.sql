-- add_feed_files: the files that a feed names, under the addresses that it has for them. Those that nobody has measured, and those
-- of which the feed now says another length, are looked at.
-- Grain: one row per file. Parameters: tenant, feed (uuid), assets (uuid[]), urls (text[]), declared (bigint[]), now (timestamptz).
INSERT INTO feed_files AS kept (tenant_id, feed_id, asset_id, url, declared_bytes, next_at)
SELECT
    %(tenant)s,
    %(feed)s,
    said.asset_id,
    said.url,
    said.declared_bytes,
    CASE WHEN media.file_bytes IS NULL THEN %(now)s::timestamptz END AS next_at
FROM unnest(%(assets)s::uuid[], %(urls)s::text[], %(declared)s::bigint[]) AS said (asset_id, url, declared_bytes)
INNER JOIN media_assets AS media ON media.tenant_id = %(tenant)s AND said.asset_id = media.asset_id
ON CONFLICT (tenant_id, asset_id) DO UPDATE SET
url = excluded.url, declared_bytes = excluded.declared_bytes,
next_at = CASE WHEN kept.checked_at IS NOT NULL AND kept.declared_bytes <> excluded.declared_bytes
    THEN %(now)s ELSE kept.next_at END
WHERE kept.feed_id = excluded.feed_id
    AND (kept.url, kept.declared_bytes) IS DISTINCT FROM (excluded.url, excluded.declared_bytes)
