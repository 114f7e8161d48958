-- read_media: the files that can be served, with what is known of their size, and of a part what it is a part of.
-- Grain: one row per file. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    asset_id,
    episode_id,
    file_bytes,
    header_bytes,
    duration_s,
    part_of,
    part_offset_bytes,
    replaced_at
FROM media_assets
WHERE tenant_id = any(%(tenants)s)
