-- check_exposures_in_downloads: ads delivered outside of any counted download of their consumer and episode at that time.
-- Grain: one row per offending tenant. Parameters: start, end (timestamptz), tenants (uuid[]).
SELECT
    exposures.tenant_id,
    count(*) AS offences,
    min(format('exposure %%s', exposures.exposure_id)) AS example
FROM ad_exposures AS exposures
WHERE
    exposures.tenant_id = any(%(tenants)s)
    AND exposures.occurred_at >= %(start)s AND exposures.occurred_at < %(end)s
    AND exposures.kind = 'delivered'
    AND NOT EXISTS (
        SELECT 1
        FROM downloads
        WHERE
            downloads.tenant_id = exposures.tenant_id
            AND downloads.downloaded_at = exposures.occurred_at
            AND downloads.episode_id = exposures.episode_id
            AND downloads.consumer_key = exposures.consumer_key
    )
GROUP BY exposures.tenant_id
