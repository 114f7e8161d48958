-- read_media: the files that can be served, with what is known of their size.
-- Grain: one row per file. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    asset_id,
    episode_id,
    file_bytes,
    header_bytes,
    duration_s
FROM media_assets
WHERE tenant_id = any(%(tenants)s)
