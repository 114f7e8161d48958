-- read_code_uses: the codes of placements, and how many conversions from since on were seen with each: in all, and from
-- start on. A conversion counts where the code was in force.
-- Grain: one row per code, over all its validities. Parameters: tenants, placements (uuid[]), since, start, end
-- (timestamptz).
SELECT
    promo_codes.placement_id,
    promo_codes.code,
    promo_codes.kind,
    placements.name AS placement,
    count(conversions.conversion_id) FILTER (WHERE conversions.converted_at >= %(start)s) AS used,
    count(conversions.conversion_id) AS used_to_date
FROM promo_codes
INNER JOIN placements
    ON promo_codes.tenant_id = placements.tenant_id AND promo_codes.placement_id = placements.placement_id
LEFT JOIN conversions
    ON
        promo_codes.tenant_id = conversions.tenant_id
        AND promo_codes.sponsor_id = conversions.sponsor_id
        AND clean_code(promo_codes.code) = conversions.promo_code
        AND promo_codes.valid @> conversions.converted_at
        AND conversions.converted_at >= %(since)s
        AND conversions.converted_at < %(end)s
WHERE promo_codes.tenant_id = any(%(tenants)s) AND promo_codes.placement_id = any(%(placements)s)
GROUP BY promo_codes.placement_id, promo_codes.code, promo_codes.kind, placements.name
ORDER BY promo_codes.code, promo_codes.placement_id
