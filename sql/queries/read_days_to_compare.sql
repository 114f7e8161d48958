-- read_days_to_compare: computed days from first on and the two after each, which windows that stay open read.
-- Today is left out unless it was computed: it is still filling.
-- Grain: one row per tenant and day. Parameters: first (date), tenants (uuid[]).
SELECT DISTINCT
    ledger.tenant_id,
    ledger.day + near.days AS day
FROM rollup_ledger AS ledger
CROSS JOIN (VALUES (0), (1), (2)) AS near (days)
WHERE
    ledger.asset = 'request_dispositions'
    AND ledger.tenant_id = any(%(tenants)s)
    AND ledger.day >= %(first)s
    AND (near.days = 0 OR ledger.day + near.days < (now() AT TIME ZONE 'UTC')::date)
