-- add_feed_episodes: the episodes of a show as its feed has them; those that are there are changed where they differ.
-- Grain: one row per episode. Parameters: tenant, podcast (uuid), episodes (uuid[]), guids, titles (text[]),
-- published (timestamptz[]), numbers (integer[]), durations (float[]).
INSERT INTO episodes AS kept (tenant_id, podcast_id, episode_id, guid, title, published_at, number, duration_s)
SELECT
    %(tenant)s,
    %(podcast)s,
    said.episode_id,
    said.guid,
    said.title,
    said.published_at,
    said.number,
    said.duration_s
FROM unnest(
    %(episodes)s::uuid[], %(guids)s::text[], %(titles)s::text[], %(published)s::timestamptz[], %(numbers)s::integer[],
    %(durations)s::double precision[]
) AS said (episode_id, guid, title, published_at, number, duration_s)
ON CONFLICT (tenant_id, episode_id) DO UPDATE SET
guid = excluded.guid, title = excluded.title, published_at = excluded.published_at, number = excluded.number,
duration_s = excluded.duration_s
