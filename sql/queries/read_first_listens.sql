-- read_first_listens: keys with a download in [start, end) that were first counted in the show on no earlier day.
-- is_first_of_tenant: in no other show on an earlier day either. Earlier days are known by their first listens; those
-- whose audiences were not computed yet, by their downloads.
-- Grain: one row per show and key. Parameters: start, end (timestamptz), day (date), tenants (uuid[]).
-- Joins: by hash.
WITH heard AS (
    SELECT DISTINCT
        tenant_id,
        podcast_id,
        consumer_key
    FROM downloads
    WHERE tenant_id = any(%(tenants)s) AND downloaded_at >= %(start)s AND downloaded_at < %(end)s
),

uncovered AS (
    SELECT
        tenant_id,
        day
    FROM rollup_ledger
    WHERE asset = 'downloads' AND tenant_id = any(%(tenants)s) AND day < %(day)s
    EXCEPT
    SELECT
        tenant_id,
        day
    FROM rollup_ledger
    WHERE asset = 'audience_periods' AND tenant_id = any(%(tenants)s) AND day < %(day)s
),

unlisted AS (
    SELECT DISTINCT
        downloads.tenant_id,
        downloads.podcast_id,
        downloads.consumer_key
    FROM downloads
    INNER JOIN uncovered ON downloads.tenant_id = uncovered.tenant_id AND downloads.day = uncovered.day
    WHERE
        downloads.tenant_id = any(%(tenants)s)
        AND downloads.downloaded_at >= (SELECT min(first.day)::timestamp AT TIME ZONE 'UTC' FROM uncovered AS first)
        AND downloads.downloaded_at < %(start)s
        AND (downloads.tenant_id, downloads.consumer_key) IN (
            SELECT
                heard.tenant_id,
                heard.consumer_key
            FROM heard
        )
)

SELECT
    heard.tenant_id,
    heard.podcast_id,
    heard.consumer_key,
    NOT EXISTS (
        SELECT 1
        FROM listener_firsts AS known
        WHERE known.tenant_id = heard.tenant_id AND known.consumer_key = heard.consumer_key AND known.day < %(day)s
    )
    AND NOT EXISTS (
        SELECT 1
        FROM unlisted
        WHERE unlisted.tenant_id = heard.tenant_id AND unlisted.consumer_key = heard.consumer_key
    ) AS is_first_of_tenant
FROM heard
WHERE
    NOT EXISTS (
        SELECT 1
        FROM listener_firsts AS known
        WHERE
            known.tenant_id = heard.tenant_id
            AND known.consumer_key = heard.consumer_key
            AND known.podcast_id = heard.podcast_id
            AND known.day < %(day)s
    )
    AND NOT EXISTS (
        SELECT 1
        FROM unlisted
        WHERE
            unlisted.tenant_id = heard.tenant_id
            AND unlisted.podcast_id = heard.podcast_id
            AND unlisted.consumer_key = heard.consumer_key
    )
