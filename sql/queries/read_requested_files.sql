-- read_requested_files: the files of a show that were requested with occurred_at in [start, end), since and until when, and what
-- an ad in one needs.
-- Grain: one row per file that is there now, by its path. Parameters: tenant, podcast (uuid), start, end (timestamptz).
SELECT
    media.path,
    media.episode_id,
    media.file_bytes,
    coalesce(media.duration_s, episodes.duration_s) AS duration_s,
    episodes.published_at,
    requested.first_at,
    requested.last_at
FROM (
    SELECT
        events.asset_id,
        min(events.occurred_at) AS first_at,
        max(events.occurred_at) AS last_at
    FROM listener_events AS events
    WHERE events.tenant_id = %(tenant)s AND events.occurred_at >= %(start)s AND events.occurred_at < %(end)s
    GROUP BY events.asset_id
) AS requested
INNER JOIN media_assets AS media ON requested.asset_id = media.asset_id
INNER JOIN episodes ON media.tenant_id = episodes.tenant_id AND media.episode_id = episodes.episode_id
WHERE media.tenant_id = %(tenant)s AND episodes.podcast_id = %(podcast)s AND media.replaced_at IS NULL
ORDER BY media.path
