-- check_downloads_agree: tenants whose downloads differ in number from their counted requests, are of no known episode,
-- or are not all counted in each dimension of their breakdowns.
-- Grain: one row per offending tenant. Parameters: start, end (timestamptz), day (date), tenants (uuid[]).
SELECT
    tenant_id,
    1::bigint AS offences,
    format(
        '%%s counted requests, %%s downloads, %%s of unknown episodes, %%s by the breakdown that tells of fewest',
        coalesce(counted.requests, 0), coalesce(kept.downloads, 0), coalesce(kept.strays, 0),
        coalesce(breakdowns.fewest, kept.downloads, 0)
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
FULL JOIN (
    SELECT
        tenant_id,
        min(downloads) AS fewest,
        max(downloads) AS most
    FROM (
        SELECT
            tenant_id,
            dimension,
            sum(downloads) AS downloads
        FROM listener_breakdowns
        WHERE tenant_id = any(%(tenants)s) AND day = %(day)s AND level = 'tenant'
        GROUP BY tenant_id, dimension
    ) AS dimensions
    GROUP BY tenant_id
) AS breakdowns USING (tenant_id)
WHERE
    coalesce(counted.requests, 0) <> coalesce(kept.downloads, 0)
    OR coalesce(kept.strays, 0) > 0
    OR breakdowns.fewest <> coalesce(kept.downloads, 0)
    OR breakdowns.most <> coalesce(kept.downloads, 0)
