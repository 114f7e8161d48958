-- read_begun_days: whose listening of which days was computed, or could not be: what builds on it is due for them.
-- Grain: one row per day and tenant. Parameters: first, last (date).
SELECT
    day,
    tenant_id
FROM rollup_ledger
WHERE asset = 'request_dispositions' AND day >= %(first)s AND day <= %(last)s
UNION
SELECT
    day,
    tenant_id
FROM tenant_failures
WHERE stage = 'computing' AND subject = 'request_dispositions' AND day >= %(first)s AND day <= %(last)s
