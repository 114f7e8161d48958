-- read_conversion_adjustments: refunds and cancellations of conversions of the UTC days first to last, both included.
-- Grain: one row per adjustment. Parameters: first, last (date), tenants (uuid[]).
SELECT
    tenant_id,
    conversion_id,
    adjustment_id,
    day,
    occurred_at,
    value_minor,
    currency::text AS currency
FROM conversion_adjustments
WHERE tenant_id = any(%(tenants)s) AND day >= %(first)s AND day <= %(last)s
