-- check_exposures_in_downloads: ads delivered outside of any counted download of their consumer and episode at that time.
-- Grain: one row per offending tenant. Parameters: start, end (timestamptz), tenants (uuid[]).
WITH cases AS (
    SELECT
        exposures.tenant_id,
        format('exposure %%s at %%s', exposures.exposure_id, exposures.occurred_at) AS example,
        row_number() OVER (PARTITION BY exposures.tenant_id ORDER BY exposures.occurred_at, exposures.exposure_id) AS place
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
)

SELECT
    tenant_id,
    count(*) AS offences,
    string_agg(example, '; ' ORDER BY place) FILTER (WHERE place <= 3) AS example
FROM cases
GROUP BY tenant_id
