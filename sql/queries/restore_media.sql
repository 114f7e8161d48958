-- restore_media: files that are named again, unless another one has their path by now.
-- Grain: one row per file. Parameters: tenant (uuid), assets (uuid[]).
UPDATE media_assets AS media SET replaced_at = NULL
WHERE media.tenant_id = %(tenant)s
    AND media.asset_id = any(%(assets)s)
    AND NOT EXISTS (
        SELECT FROM media_assets AS other
        WHERE other.tenant_id = media.tenant_id AND other.path = media.path AND other.replaced_at IS NULL
    )
