-- read_coverage: which days each tenant lacks, by the ledger: days from first to last, or since the tenant's first judged day
-- if that is later, that no run has judged. A tenant without a judged day lacks none: nothing of it was ever computed.
-- computed_through: the last judged day, NULL where there is none; late_days: how many are lacking; first_late: the first.
-- Grain: one row per tenant, ordered by slug. Parameters: verdict (text: the asset that judges a day), first, last (date),
-- tenants (uuid[]).
SELECT
    tenants.tenant_id,
    tenants.slug,
    judged.computed_through,
    count(lacking.day) AS late_days,
    min(lacking.day) AS first_late
FROM tenants
CROSS JOIN LATERAL (
    SELECT
        min(rollup_ledger.day) AS computed_from,
        max(rollup_ledger.day) AS computed_through
    FROM rollup_ledger
    WHERE rollup_ledger.tenant_id = tenants.tenant_id AND rollup_ledger.asset = %(verdict)s
) AS judged
LEFT JOIN LATERAL (
    SELECT days.day::date AS day
    FROM generate_series(greatest(%(first)s::date, judged.computed_from), %(last)s::date, interval '1 day') AS days (day)
    WHERE
        judged.computed_from IS NOT NULL
        AND NOT EXISTS (
            SELECT 1
            FROM rollup_ledger AS line
            WHERE line.tenant_id = tenants.tenant_id AND line.asset = %(verdict)s AND line.day = days.day::date
        )
) AS lacking ON TRUE
WHERE tenants.tenant_id = any(%(tenants)s::uuid[])
GROUP BY tenants.tenant_id, tenants.slug, judged.computed_through
ORDER BY tenants.slug
