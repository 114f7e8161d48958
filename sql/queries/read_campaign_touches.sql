-- read_campaign_touches: the whole paths of the conversions that touched one of the campaigns, by day of conversion.
-- Grain: one row per conversion and touch, those on the sponsor's other campaigns included. is_excluded: the placement
-- is known to cost nothing, so the touch was not paid for. Parameters: first, last (date), tenants, campaigns (uuid[]).
WITH ours AS (
    SELECT DISTINCT
        tenant_id,
        day,
        conversion_id
    FROM attribution_touches
    WHERE
        tenant_id = any(%(tenants)s)
        AND campaign_id = any(%(campaigns)s::uuid[])
        AND day >= %(first)s AND day <= %(last)s
)

SELECT
    touches.tenant_id,
    touches.day,
    touches.conversion_id,
    touches.touch_no,
    touches.touched_at,
    touches.campaign_id,
    touches.placement_id,
    touches.episode_id,
    touches.config_version,
    coalesce(placements.cost_minor = 0, false) AS is_excluded
FROM ours
INNER JOIN attribution_touches AS touches
    ON
        ours.tenant_id = touches.tenant_id
        AND ours.day = touches.day
        AND ours.conversion_id = touches.conversion_id
LEFT JOIN placements
    ON touches.tenant_id = placements.tenant_id AND touches.placement_id = placements.placement_id
WHERE
    touches.tenant_id = any(%(tenants)s)
    AND touches.day >= %(first)s AND touches.day <= %(last)s
