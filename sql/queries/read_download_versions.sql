-- read_download_versions: when the downloads of each day from first to last were last written, their keys replaced, or some erased.
-- Grain: one row per day that has a ledger line. Parameters: first, last (date), tenants (uuid[]).
SELECT
    day,
    count(*) AS tenants,
    greatest(
        max(finished_at),
        (SELECT max(rotated_at) FROM key_rotations WHERE tenant_id = any(%(tenants)s)),
        (SELECT max(erased_at) FROM erasures WHERE tenant_id = any(%(tenants)s))
    ) AS finished_at
FROM rollup_ledger
WHERE asset = 'downloads' AND tenant_id = any(%(tenants)s) AND day BETWEEN %(first)s AND %(last)s
GROUP BY day
