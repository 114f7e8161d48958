-- read_release_times: downloads in [start, end) of episodes in their first 90 days, by whole hours since the release.
-- Grain: one row per episode and hour. Parameters: start, end (timestamptz), tenants (uuid[]).
SELECT
    downloads.tenant_id,
    downloads.podcast_id,
    downloads.episode_id,
    floor(extract(EPOCH FROM downloads.downloaded_at - episodes.published_at) / 3600)::integer AS hour,
    count(*) AS downloads
FROM downloads
INNER JOIN episodes
    ON downloads.tenant_id = episodes.tenant_id AND downloads.episode_id = episodes.episode_id
WHERE
    downloads.tenant_id = any(%(tenants)s)
    AND downloads.downloaded_at >= %(start)s AND downloads.downloaded_at < %(end)s
    AND downloads.downloaded_at >= episodes.published_at
    AND downloads.downloaded_at < episodes.published_at + interval '90 days'
GROUP BY downloads.tenant_id, downloads.podcast_id, downloads.episode_id, hour
