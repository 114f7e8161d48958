-- read_code_uses: the codes of placements, and how many conversions were seen with each: from a moment on that is given for
-- each placement, and from start on. A conversion counts where the code was in force.
-- Grain: one row per code and since, over all its validities. Parameters: tenants, placements (uuid[]) with since
-- (timestamptz[]) of the same length, start, end (timestamptz).
SELECT
    promo_codes.placement_id,
    wanted.since,
    promo_codes.code,
    promo_codes.kind,
    placements.name AS placement,
    count(conversions.conversion_id) FILTER (WHERE conversions.converted_at >= %(start)s) AS used,
    count(conversions.conversion_id) AS used_to_date
FROM unnest(%(placements)s::uuid[], %(since)s::timestamptz[]) AS wanted (placement_id, since)
INNER JOIN promo_codes ON wanted.placement_id = promo_codes.placement_id
INNER JOIN placements
    ON promo_codes.tenant_id = placements.tenant_id AND promo_codes.placement_id = placements.placement_id
LEFT JOIN conversions
    ON
        promo_codes.tenant_id = conversions.tenant_id
        AND promo_codes.sponsor_id = conversions.sponsor_id
        AND clean_code(promo_codes.code) = conversions.promo_code
        AND promo_codes.valid @> conversions.converted_at
        AND wanted.since <= conversions.converted_at
        AND conversions.converted_at < %(end)s
WHERE promo_codes.tenant_id = any(%(tenants)s)
GROUP BY promo_codes.placement_id, wanted.since, promo_codes.code, promo_codes.kind, placements.name
ORDER BY promo_codes.code, promo_codes.placement_id
