-- read_currencies: the currencies of the tenants' campaigns, and of conversions and refunds of the days first to last.
-- Grain: one row per currency. Parameters: first, last (date), tenants (uuid[]).
SELECT currency::text AS currency FROM campaigns
WHERE tenant_id = any(%(tenants)s)
UNION
SELECT currency::text AS currency FROM conversions
WHERE tenant_id = any(%(tenants)s) AND day BETWEEN %(first)s AND %(last)s AND currency IS NOT NULL
UNION
SELECT currency::text AS currency FROM conversion_adjustments
WHERE tenant_id = any(%(tenants)s) AND day BETWEEN %(first)s AND %(last)s
