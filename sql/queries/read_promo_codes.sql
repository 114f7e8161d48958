-- read_promo_codes: code words and vanity URLs with their placement and validity.
-- Grain: one row per code and validity; a bound that is open is NULL. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    sponsor_id,
    clean_code(code) AS code,
    kind,
    placement_id,
    nullif(lower(valid), '-infinity') AS valid_from,
    nullif(upper(valid), 'infinity') AS valid_until
FROM promo_codes
WHERE tenant_id = any(%(tenants)s)
