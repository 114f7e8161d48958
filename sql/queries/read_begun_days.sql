-- read_begun_days: days whose listening somebody has computed, or could not compute: what builds on it is due for them.
-- Grain: one row per day, ordered. Parameters: first, last (date).
SELECT day
FROM rollup_ledger
WHERE asset = 'request_dispositions' AND day >= %(first)s AND day <= %(last)s
UNION
SELECT day
FROM tenant_failures
WHERE stage = 'computing' AND subject = 'request_dispositions' AND day >= %(first)s AND day <= %(last)s
ORDER BY day
