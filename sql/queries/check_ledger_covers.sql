-- check_ledger_covers: tables of the day that the ledger does not know for a tenant.
-- Grain: one row per offending tenant. Parameters: day (date), tenants (uuid[]), assets (text[]).
SELECT
    wanted.tenant_id,
    count(*) AS offences,
    min(format('%%s, which the log of its run explains', wanted.asset)) AS example
FROM (
    SELECT
        tenant_id,
        asset
    FROM unnest(%(tenants)s::uuid[]) AS tenant_id
    CROSS JOIN unnest(%(assets)s::text[]) AS asset
) AS wanted
LEFT JOIN rollup_ledger AS ledger
    ON wanted.tenant_id = ledger.tenant_id AND wanted.asset = ledger.asset AND ledger.day = %(day)s
WHERE ledger.run_id IS NULL
GROUP BY wanted.tenant_id
