-- measure_media: what was found of files that nobody had measured.
-- Grain: one row per file. Parameters: tenant (uuid), assets (uuid[]), sizes, headers (bigint[]), durations (float[]),
-- bitrates (integer[]).
UPDATE media_assets AS media SET
    file_bytes = found.file_bytes,
    header_bytes = found.header_bytes,
    duration_s = coalesce(found.duration_s, media.duration_s),
    bitrate_bps = coalesce(found.bitrate_bps, media.bitrate_bps)
FROM unnest(
    %(assets)s::uuid[], %(sizes)s::bigint[], %(headers)s::bigint[], %(durations)s::double precision[], %(bitrates)s::integer[]
) AS found (asset_id, file_bytes, header_bytes, duration_s, bitrate_bps)
WHERE media.tenant_id = %(tenant)s AND media.asset_id = found.asset_id AND media.file_bytes IS NULL
