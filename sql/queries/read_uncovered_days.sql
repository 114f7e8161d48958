-- read_uncovered_days: days from first to before day that have downloads computed, but no audiences yet.
-- Grain: one row per tenant and day. Parameters: first, day (date), tenants (uuid[]).
SELECT
    tenant_id,
    day
FROM rollup_ledger
WHERE asset = 'downloads' AND tenant_id = any(%(tenants)s) AND day >= %(first)s AND day < %(day)s
EXCEPT
SELECT
    tenant_id,
    day
FROM rollup_ledger
WHERE asset = 'audience_periods' AND tenant_id = any(%(tenants)s) AND day >= %(first)s AND day < %(day)s
