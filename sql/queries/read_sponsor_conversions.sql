-- read_sponsor_conversions: the sponsors' conversions in [start, end) that an ad or a code is credited with.
-- Grain: one row per conversion; household_key only where the address stands for one household. Parameters: start, end (timestamptz), tenants, sponsors (uuid[]).
SELECT
    tenant_id,
    sponsor_id,
    kind,
    conversion_id,
    day,
    converted_at,
    value_minor,
    currency::text AS currency,
    CASE WHEN address_class = 'household' THEN household_key END AS household_key,
    listener_id,
    matched_by,
    pixel_signals,
    server_signals,
    promo_code_signals,
    vanity_url_signals,
    utm_signals,
    survey_signals
FROM conversions
WHERE
    tenant_id = any(%(tenants)s)
    AND sponsor_id = any(%(sponsors)s::uuid[])
    AND converted_at >= %(start)s AND converted_at < %(end)s
    AND matched_by <> 'none'
