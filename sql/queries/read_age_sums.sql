-- read_age_sums: downloads of episodes before the day, by the age bands that end at 1, 3, 7, 14, 30, 60 and 90 days.
-- Episodes are those that came out from recent to before end, and of each show the 20 latest before recent.
-- Grain: one row per episode and band with downloads, one with a NULL band for an episode without any.
-- Parameters: recent (timestamptz), end (timestamptz), day (date), tenants (uuid[]).
WITH latest AS (
    SELECT
        tenant_id,
        podcast_id,
        episode_id,
        published_at,
        row_number() OVER (
            PARTITION BY tenant_id, podcast_id, published_at >= %(recent)s ORDER BY published_at DESC, episode_id DESC
        ) AS place
    FROM episodes
    WHERE tenant_id = any(%(tenants)s) AND published_at < %(end)s
),

bands AS (
    SELECT
        tenant_id,
        episode_id,
        (ARRAY[1, 3, 7, 14, 30, 60, 90])[1 + width_bucket(hour, ARRAY[24, 72, 168, 336, 720, 1440])] AS age_days,
        sum(downloads)::bigint AS downloads
    FROM episode_pacing
    WHERE tenant_id = any(%(tenants)s) AND day < %(day)s
    GROUP BY tenant_id, episode_id, age_days
)

SELECT
    latest.tenant_id,
    latest.podcast_id,
    latest.episode_id,
    latest.published_at,
    bands.age_days,
    bands.downloads
FROM latest
LEFT JOIN bands ON latest.tenant_id = bands.tenant_id AND latest.episode_id = bands.episode_id
WHERE latest.published_at >= %(recent)s OR latest.place <= 20
