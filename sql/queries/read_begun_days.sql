-- read_begun_days: days whose listening somebody has computed: the tables that are made of it can be computed for them.
-- Grain: one row per day, ordered. Parameters: first, last (date).
SELECT DISTINCT day
FROM rollup_ledger
WHERE asset = 'request_dispositions' AND day >= %(first)s AND day <= %(last)s
ORDER BY day
