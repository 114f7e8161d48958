-- read_latest_results: each campaign's KPIs as they were last computed in the two years up to the day.
-- Grain: one row per campaign, model and KPI. Parameters: day (date), tenants (uuid[]).
WITH latest AS (
    SELECT
        tenant_id,
        campaign_id,
        max(day) AS day
    FROM campaign_roi
    WHERE
        tenant_id = any(%(tenants)s)
        AND day > %(day)s::date - 730 AND day <= %(day)s
        AND model = 'linear' AND kpi = 'impressions'
    GROUP BY tenant_id, campaign_id
)

SELECT
    roi.tenant_id,
    roi.campaign_id,
    campaigns.sponsor_id,
    campaigns.goal_kind,
    roi.day,
    roi.model,
    roi.kpi,
    roi.unit,
    roi.currency::text AS currency,
    roi.estimate,
    roi.badge,
    roi.mature_share
FROM latest
INNER JOIN campaign_roi AS roi
    ON latest.tenant_id = roi.tenant_id AND latest.campaign_id = roi.campaign_id AND latest.day = roi.day
INNER JOIN campaigns
    ON latest.tenant_id = campaigns.tenant_id AND latest.campaign_id = campaigns.campaign_id
WHERE
    roi.tenant_id = any(%(tenants)s)
    AND roi.day > %(day)s::date - 730 AND roi.day <= %(day)s
    AND NOT roi.is_fallback
