-- read_download_versions: when the downloads of each day from first to last were last written.
-- Grain: one row per day that has a ledger line. Parameters: first, last (date), tenants (uuid[]).
SELECT
    day,
    count(*) AS tenants,
    max(finished_at) AS finished_at
FROM rollup_ledger
WHERE asset = 'downloads' AND tenant_id = any(%(tenants)s) AND day BETWEEN %(first)s AND %(last)s
GROUP BY day
