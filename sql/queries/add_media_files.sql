-- add_media_files: files that can be served, whole ones.
-- Grain: one row per file. Parameters: tenant (uuid), assets, episodes (uuid[]), paths (text[]), sizes, headers (bigint[]),
-- durations (float[]), bitrates (integer[]).
INSERT INTO media_assets (tenant_id, asset_id, episode_id, path, file_bytes, header_bytes, duration_s, bitrate_bps)
SELECT
    %(tenant)s,
    said.asset_id,
    said.episode_id,
    said.path,
    said.file_bytes,
    said.header_bytes,
    said.duration_s,
    said.bitrate_bps
FROM unnest(
    %(assets)s::uuid[], %(episodes)s::uuid[], %(paths)s::text[], %(sizes)s::bigint[], %(headers)s::bigint[],
    %(durations)s::double precision[], %(bitrates)s::integer[]
) AS said (asset_id, episode_id, path, file_bytes, header_bytes, duration_s, bitrate_bps)
