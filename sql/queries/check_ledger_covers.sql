-- check_ledger_covers: tables of the day that the ledger does not know for a tenant.
-- Grain: one row per offending tenant. Parameters: day (date), tenants (uuid[]), assets (text[]).
WITH cases AS (
    SELECT
        wanted.tenant_id,
        format('%%s (%%s)', wanted.asset, coalesce(failures.cause, 'not computed')) AS example,
        row_number() OVER (PARTITION BY wanted.tenant_id ORDER BY wanted.asset) AS place
    FROM (
        SELECT
            tenant_id,
            asset
        FROM unnest(%(tenants)s::uuid[]) AS tenant_id
        CROSS JOIN unnest(%(assets)s::text[]) AS asset
    ) AS wanted
    LEFT JOIN rollup_ledger AS ledger
        ON wanted.tenant_id = ledger.tenant_id AND wanted.asset = ledger.asset AND ledger.day = %(day)s
    LEFT JOIN tenant_failures AS failures
        ON
            wanted.tenant_id = failures.tenant_id
            AND wanted.asset = failures.subject
            AND failures.stage = 'computing'
            AND failures.day = %(day)s
    WHERE ledger.run_id IS NULL
)

SELECT
    tenant_id,
    count(*) AS offences,
    string_agg(example, '; ' ORDER BY place) FILTER (WHERE place <= 3) AS example
FROM cases
GROUP BY tenant_id
