-- check_downloads_agree: tenants whose downloads differ in number from their counted requests, or are of no known episode.
-- Grain: one row per offending tenant. Parameters: start, end (timestamptz), day (date), tenants (uuid[]).
SELECT
    tenant_id,
    1::bigint AS offences,
    format(
        '%%s counted requests, %%s downloads, %%s of unknown episodes',
        coalesce(counted.requests, 0), coalesce(kept.downloads, 0), coalesce(kept.strays, 0)
    ) AS example
FROM (
    SELECT
        tenant_id,
        requests
    FROM request_dispositions
    WHERE tenant_id = any(%(tenants)s) AND day = %(day)s AND disposition = 'counted'
) AS counted
FULL JOIN (
    SELECT
        downloads.tenant_id,
        count(*) AS downloads,
        count(*) FILTER (WHERE episodes.episode_id IS NULL) AS strays
    FROM downloads
    LEFT JOIN episodes
        ON downloads.tenant_id = episodes.tenant_id AND downloads.episode_id = episodes.episode_id
    WHERE
        downloads.tenant_id = any(%(tenants)s)
        AND downloads.downloaded_at >= %(start)s AND downloads.downloaded_at < %(end)s
    GROUP BY downloads.tenant_id
) AS kept USING (tenant_id)
WHERE coalesce(counted.requests, 0) <> coalesce(kept.downloads, 0) OR coalesce(kept.strays, 0) > 0
