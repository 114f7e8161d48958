-- read_last_ads: the conversions of the campaigns' goals in [since, before), each with the last ad of each campaign on its path.
-- Grain: one row per conversion and campaign. touched_at, touch_no: of that ad; a code's is its placement's last airing before
-- the order. is_new_customer: NULL where nobody says. Parameters: since, before (timestamptz), first, last (date),
-- tenants, campaigns (uuid[]).
-- Joins: by hash.
SELECT DISTINCT ON (touches.tenant_id, touches.conversion_id, touches.campaign_id)
    touches.tenant_id,
    touches.conversion_id,
    touches.campaign_id,
    touches.touched_at,
    touches.touch_no,
    conversions.converted_at,
    conversions.is_new_customer
FROM attribution_touches AS touches
INNER JOIN campaigns
    ON touches.tenant_id = campaigns.tenant_id AND touches.campaign_id = campaigns.campaign_id
INNER JOIN conversions
    ON
        touches.tenant_id = conversions.tenant_id
        AND touches.conversion_id = conversions.conversion_id
        AND touches.day = conversions.day
        AND campaigns.goal_kind = conversions.kind
WHERE
    touches.tenant_id = any(%(tenants)s)
    AND touches.campaign_id = any(%(campaigns)s::uuid[])
    AND touches.day >= %(first)s AND touches.day <= %(last)s
    AND conversions.tenant_id = any(%(tenants)s)
    AND conversions.converted_at >= %(since)s AND conversions.converted_at < %(before)s
ORDER BY
    touches.tenant_id ASC,
    touches.conversion_id ASC,
    touches.campaign_id ASC,
    touches.touched_at DESC,
    touches.touch_no DESC
