-- read_age_curves: how the shows' recent episodes gathered their downloads over their first 30 days.
-- Grain: one row per show and whole day of age (0 to 29), over the episodes that were between 30 and 120 days old.
-- Parameters: before (timestamptz), tenants, podcasts (uuid[]).
SELECT
    downloads.tenant_id,
    downloads.podcast_id,
    floor(extract(EPOCH FROM downloads.downloaded_at - episodes.published_at) / 86400)::integer AS age_days,
    count(*) AS downloads
FROM downloads
INNER JOIN episodes
    ON downloads.tenant_id = episodes.tenant_id AND downloads.episode_id = episodes.episode_id
WHERE
    downloads.tenant_id = any(%(tenants)s)
    AND downloads.podcast_id = any(%(podcasts)s::uuid[])
    AND downloads.downloaded_at >= %(before)s - interval '120 days'
    AND downloads.downloaded_at < %(before)s
    AND episodes.published_at >= %(before)s - interval '120 days'
    AND episodes.published_at < %(before)s - interval '30 days'
    AND downloads.downloaded_at >= episodes.published_at
    AND downloads.downloaded_at < episodes.published_at + interval '30 days'
GROUP BY downloads.tenant_id, downloads.podcast_id, age_days
