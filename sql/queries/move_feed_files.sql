-- move_feed_files: files of a feed that have another content under the same address: the feed now names the version. The file of
-- before has no line of a feed any more.
-- Grain: one row per file. Parameters: tenant, feed (uuid), assets, versions (uuid[]).
UPDATE feed_files AS named SET asset_id = moved.version_id
FROM unnest(%(assets)s::uuid[], %(versions)s::uuid[]) AS moved (asset_id, version_id)
WHERE named.tenant_id = %(tenant)s AND named.feed_id = %(feed)s AND named.asset_id = moved.asset_id
