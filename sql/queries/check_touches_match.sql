-- check_touches_match: touches that do not share their conversion's sponsor: a placement of another campaign or sponsor,
-- an exposure that is not there, or a code that is no code of the placement.
-- Grain: one row per offending tenant. Parameters: start, end (timestamptz), day (date), tenants (uuid[]).
WITH cases AS (
    SELECT
        touches.tenant_id,
        format('conversion %%s, touch %%s', touches.conversion_id, touches.touch_no) AS example,
        row_number() OVER (PARTITION BY touches.tenant_id ORDER BY touches.conversion_id, touches.touch_no) AS place
    FROM attribution_touches AS touches
    INNER JOIN conversions
        ON touches.tenant_id = conversions.tenant_id AND touches.conversion_id = conversions.conversion_id
    LEFT JOIN placements
        ON touches.tenant_id = placements.tenant_id AND touches.placement_id = placements.placement_id
    LEFT JOIN campaigns
        ON placements.tenant_id = campaigns.tenant_id AND placements.campaign_id = campaigns.campaign_id
    WHERE
        touches.tenant_id = any(%(tenants)s) AND touches.day = %(day)s
        AND conversions.tenant_id = any(%(tenants)s)
        AND conversions.converted_at >= %(start)s AND conversions.converted_at < %(end)s
        AND (
            placements.campaign_id IS DISTINCT FROM touches.campaign_id
            OR campaigns.sponsor_id IS DISTINCT FROM conversions.sponsor_id
            OR (
                touches.exposure_id IS NOT NULL
                AND NOT EXISTS (
                    SELECT 1
                    FROM ad_exposures AS exposures
                    WHERE
                        exposures.tenant_id = touches.tenant_id
                        AND exposures.exposure_id = touches.exposure_id
                        AND exposures.occurred_at = touches.touched_at
                        AND exposures.placement_id = touches.placement_id
                )
            )
            OR (
                touches.matched_by IN ('promo_code', 'vanity_url')
                AND NOT EXISTS (
                    SELECT 1
                    FROM promo_codes
                    WHERE
                        promo_codes.tenant_id = touches.tenant_id
                        AND promo_codes.placement_id = touches.placement_id
                        AND promo_codes.sponsor_id = conversions.sponsor_id
                )
            )
        )
)

SELECT
    tenant_id,
    count(*) AS offences,
    string_agg(example, '; ' ORDER BY place) FILTER (WHERE place <= 3) AS example
FROM cases
GROUP BY tenant_id
