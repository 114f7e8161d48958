-- read_sponsor_paths: the paths of the sponsors' conversions in [start, end).
-- Grain: one row per conversion and touch. Parameters: start, end (timestamptz), first, last (date: the days of both),
-- tenants, sponsors (uuid[]).
SELECT
    conversions.tenant_id,
    conversions.sponsor_id,
    conversions.kind AS goal_kind,
    conversions.conversion_id,
    conversions.converted_at,
    touches.touch_no,
    touches.exposure_id,
    touches.campaign_id,
    touches.placement_id,
    touches.episode_id
FROM conversions
INNER JOIN attribution_touches AS touches
    ON
        conversions.tenant_id = touches.tenant_id
        AND conversions.day = touches.day
        AND conversions.conversion_id = touches.conversion_id
WHERE
    conversions.tenant_id = any(%(tenants)s)
    AND conversions.sponsor_id = any(%(sponsors)s::uuid[])
    AND conversions.converted_at >= %(start)s AND conversions.converted_at < %(end)s
    AND touches.tenant_id = any(%(tenants)s)
    AND touches.day >= %(first)s AND touches.day <= %(last)s
