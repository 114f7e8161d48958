-- read_stale_audiences: days whose audiences were computed before the downloads or the audiences of a day that they
-- look back at were last written. Every later day looks back: first listens have no earliest day.
-- Grain: one row per tenant and day. Parameters: first, last (date): the days that are asked about.
SELECT
    audiences.tenant_id,
    audiences.day
FROM rollup_ledger AS audiences
WHERE
    audiences.asset = 'audience_periods'
    AND audiences.day BETWEEN %(first)s AND %(last)s
    AND EXISTS (
        SELECT 1
        FROM rollup_ledger AS earlier
        WHERE
            earlier.tenant_id = audiences.tenant_id
            AND earlier.finished_at > audiences.finished_at
            AND (
                (earlier.asset = 'downloads' AND earlier.day <= audiences.day)
                OR (earlier.asset = 'audience_periods' AND earlier.day < audiences.day)
            )
    )
