-- read_report_ledger: which tables of the days first to last are there, how final, and from what input.
-- Grain: one row per tenant, asset and day. Parameters: first, last (date), tenants (uuid[]).
SELECT
    tenant_id,
    asset,
    day,
    status,
    input_watermark
FROM rollup_ledger
WHERE tenant_id = any(%(tenants)s) AND day BETWEEN %(first)s AND %(last)s
