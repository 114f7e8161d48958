-- read_media_paths: where the files of the scoped tenants are requested, and what they are files of.
-- Grain: one row per file. Parameters: tenants (uuid[]).
SELECT
    media.path,
    media.asset_id,
    media.episode_id,
    media.part_of,
    media.replaced_at,
    episodes.podcast_id,
    episodes.guid,
    array(
        SELECT named.guid
        FROM feed_items AS named
        WHERE named.tenant_id = episodes.tenant_id AND named.episode_id = episodes.episode_id AND named.guid <> episodes.guid
        ORDER BY named.guid
    ) AS older_guids
FROM media_assets AS media
INNER JOIN episodes ON media.tenant_id = episodes.tenant_id AND media.episode_id = episodes.episode_id
WHERE media.tenant_id = any(%(tenants)s)
