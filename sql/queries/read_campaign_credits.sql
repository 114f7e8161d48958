-- read_campaign_credits: every credit of the conversions in [start, end) that owe some to one of the campaigns.
-- Grain: one row per conversion, model, placement and episode, those of the sponsor's other campaigns included, with the
-- conversion's own columns; household_key only where the address stands for one household: a shop's server, an office or
-- a phone network's gateway is no household that answers.
-- Parameters: start, end (timestamptz), first, last (date), tenants, campaigns (uuid[]).
-- Joins: by hash.
WITH ours AS (
    SELECT DISTINCT
        tenant_id,
        day,
        conversion_id
    FROM attribution_credits
    WHERE
        tenant_id = any(%(tenants)s)
        AND campaign_id = any(%(campaigns)s::uuid[])
        AND day >= %(first)s AND day <= %(last)s
)

SELECT
    credits.tenant_id,
    credits.day,
    credits.model,
    credits.conversion_id,
    credits.placement_id,
    credits.episode_id,
    credits.campaign_id,
    credits.credit,
    conversions.sponsor_id,
    conversions.converted_at,
    conversions.kind,
    conversions.value_minor,
    conversions.currency::text AS currency,
    CASE WHEN conversions.address_class = 'household' THEN conversions.household_key END AS household_key,
    conversions.listener_id,
    conversions.matched_by,
    conversions.pixel_signals,
    conversions.server_signals,
    conversions.promo_code_signals,
    conversions.vanity_url_signals,
    conversions.utm_signals,
    conversions.survey_signals
FROM ours
INNER JOIN attribution_credits AS credits
    ON
        ours.tenant_id = credits.tenant_id
        AND ours.day = credits.day
        AND ours.conversion_id = credits.conversion_id
INNER JOIN conversions
    ON
        ours.tenant_id = conversions.tenant_id
        AND ours.conversion_id = conversions.conversion_id
        AND ours.day = conversions.day
WHERE
    credits.tenant_id = any(%(tenants)s)
    AND credits.day >= %(first)s AND credits.day <= %(last)s
    AND conversions.tenant_id = any(%(tenants)s)
    AND conversions.converted_at >= %(start)s AND conversions.converted_at < %(end)s
