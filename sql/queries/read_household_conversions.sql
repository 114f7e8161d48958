-- read_household_conversions: the sponsors' conversions in [start, end) by households with an address of their own.
-- Grain: one row per conversion, attributed or not. Parameters: start, end (timestamptz), tenants, sponsors (uuid[]).
SELECT
    tenant_id,
    sponsor_id,
    kind AS goal_kind,
    conversion_id,
    day,
    converted_at,
    household_key,
    value_minor,
    currency::text AS currency
FROM conversions
WHERE
    tenant_id = any(%(tenants)s)
    AND sponsor_id = any(%(sponsors)s::uuid[])
    AND converted_at >= %(start)s AND converted_at < %(end)s
    AND address_class = 'household'
    AND household_key IS NOT NULL
