-- replace_media: files whose place another one has taken, since when. Requests of before belong to them.
-- Grain: one row per file. Parameters: tenant (uuid), assets (uuid[]), moments (timestamptz[]).
UPDATE media_assets AS media SET replaced_at = gone.moment
FROM unnest(%(assets)s::uuid[], %(moments)s::timestamptz[]) AS gone (asset_id, moment)
WHERE media.tenant_id = %(tenant)s AND media.asset_id = gone.asset_id AND media.replaced_at IS NULL
