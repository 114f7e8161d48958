-- match_requests: give imported requests from start on, which were for no file of the catalogue, what their path stands for
-- now; each version of a file has those from since to before until.
-- Grain: one row per UTC day that has some, changed in place: day, requests. Parameters: tenant (uuid), start (timestamptz);
-- paths (text[]), sinces, untils (timestamptz[]), podcasts, episodes, assets (uuid[]), which belong together.
WITH matched AS (
    UPDATE listener_events AS events SET
        podcast_id = found.podcast_id,
        episode_id = found.episode_id,
        asset_id = found.asset_id
    FROM
        unnest(
            %(paths)s::text[],
            %(sinces)s::timestamptz[],
            %(untils)s::timestamptz[],
            %(podcasts)s::uuid[],
            %(episodes)s::uuid[],
            %(assets)s::uuid[]
        ) AS found (path, since, until, podcast_id, episode_id, asset_id)
    WHERE
        events.tenant_id = %(tenant)s AND events.occurred_at >= %(start)s
        AND events.import_id IS NOT NULL AND events.episode_id IS NULL AND events.asset_id IS NULL
        AND events.event_data ->> 'path' = found.path
        AND events.occurred_at >= found.since AND events.occurred_at < found.until
    RETURNING (events.occurred_at AT TIME ZONE 'UTC')::date AS day
)

SELECT
    matched.day,
    count(*) AS requests
FROM matched
GROUP BY matched.day
