-- read_ledger: what the asset wrote, for the days from first to last, both included.
-- Grain: one row per tenant and day, ordered. Parameters: asset (text), first, last (date).
SELECT
    tenant_id,
    day,
    run_id,
    rows,
    input_watermark,
    status,
    finished_at
FROM rollup_ledger
WHERE asset = %(asset)s AND day >= %(first)s AND day <= %(last)s
ORDER BY day, tenant_id
