-- read_feeds: the feeds of the scoped tenants, with how the last look at each went.
-- Grain: one row per feed. Parameters: tenants (uuid[]).
SELECT
    feeds.tenant_id,
    tenants.slug AS tenant,
    feeds.feed_id,
    feeds.podcast_id,
    podcasts.slug AS show,
    podcasts.title,
    feeds.url,
    feeds.is_active,
    states.state,
    states.detail,
    states.checked_at,
    states.read_at,
    states.next_at,
    coalesce(states.failures, 0) AS failures,
    states.etag,
    states.last_modified,
    items.present AS episodes,
    items.gone AS left_episodes,
    files.waiting AS unmeasured_files
FROM feeds
INNER JOIN tenants ON feeds.tenant_id = tenants.tenant_id
INNER JOIN podcasts ON feeds.tenant_id = podcasts.tenant_id AND feeds.podcast_id = podcasts.podcast_id
LEFT JOIN feed_states AS states ON feeds.tenant_id = states.tenant_id AND feeds.feed_id = states.feed_id
CROSS JOIN LATERAL (
    SELECT
        count(DISTINCT seen.episode_id) FILTER (WHERE seen.left_at IS NULL) AS present,
        count(DISTINCT seen.episode_id)
        - count(DISTINCT seen.episode_id) FILTER (WHERE seen.left_at IS NULL) AS gone
    FROM feed_items AS seen
    WHERE seen.tenant_id = feeds.tenant_id AND seen.feed_id = feeds.feed_id
) AS items
CROSS JOIN LATERAL (
    SELECT count(*) AS waiting
    FROM feed_files AS named
    INNER JOIN media_assets AS media ON named.tenant_id = media.tenant_id AND named.asset_id = media.asset_id
    WHERE named.tenant_id = feeds.tenant_id AND named.feed_id = feeds.feed_id AND media.file_bytes IS NULL
        AND media.replaced_at IS NULL
) AS files
WHERE feeds.tenant_id = any(%(tenants)s)
ORDER BY tenants.slug, podcasts.slug, feeds.url
