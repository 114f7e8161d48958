-- read_paced_curves: how the shows' recent episodes gathered their downloads over their first 30 days, from the rollup.
-- Grain: one row per show and whole day of age (0 to 29), over the episodes that were between 30 and 120 days old.
-- Parameters: before (timestamptz: the end of a UTC day), last (date: that day), tenants, podcasts (uuid[]).
SELECT
    pacing.tenant_id,
    pacing.podcast_id,
    pacing.hour / 24 AS age_days,
    sum(pacing.downloads)::bigint AS downloads
FROM episode_pacing AS pacing
INNER JOIN episodes
    ON pacing.tenant_id = episodes.tenant_id AND pacing.episode_id = episodes.episode_id
WHERE
    pacing.tenant_id = any(%(tenants)s)
    AND pacing.podcast_id = any(%(podcasts)s::uuid[])
    AND pacing.day > %(last)s::date - 121 AND pacing.day <= %(last)s
    AND pacing.hour < 720
    AND episodes.published_at >= %(before)s - interval '120 days'
    AND episodes.published_at < %(before)s - interval '30 days'
GROUP BY pacing.tenant_id, pacing.podcast_id, pacing.hour / 24
