-- read_show_files: the whole files of a show's episodes, and those of other shows under the paths that its feed names.
-- Grain: one row per file. Parameters: tenant, podcast, feed (uuid), paths (text[]).
SELECT
    media.asset_id,
    media.episode_id,
    media.path,
    media.replaced_at IS NULL AS is_current,
    coalesce(named.feed_id = %(feed)s, FALSE) AS is_followed
FROM media_assets AS media
INNER JOIN episodes ON media.tenant_id = episodes.tenant_id AND media.episode_id = episodes.episode_id
LEFT JOIN feed_files AS named ON media.tenant_id = named.tenant_id AND media.asset_id = named.asset_id
WHERE media.tenant_id = %(tenant)s
    AND media.part_of IS NULL
    AND (episodes.podcast_id = %(podcast)s OR media.path = any(%(paths)s))
