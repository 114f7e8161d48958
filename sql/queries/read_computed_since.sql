-- read_computed_since: which tables of which days were made by runs that began at a moment or later.
-- Grain: one row per tenant, asset and day. Parameters: assets (text[]), first, last (date), tenants (uuid[]),
-- since (timestamptz).
SELECT
    tenant_id,
    asset,
    day
FROM rollup_ledger
WHERE
    tenant_id = any(%(tenants)s::uuid[])
    AND asset = any(%(assets)s::text[])
    AND day BETWEEN %(first)s AND %(last)s
    AND began_at >= %(since)s
