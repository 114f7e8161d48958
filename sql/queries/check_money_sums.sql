-- check_money_sums: sponsors whose revenue as of the day is not the same sum in every model.
-- Only sponsors are compared whose campaigns so far share one goal and one currency and are all still reported: only
-- there do the same conversions stay inside the sum whatever the model.
-- Grain: one row per offending tenant. Parameters: day (date), tenants (uuid[]).
WITH comparable AS (
    SELECT
        campaigns.tenant_id,
        campaigns.sponsor_id
    FROM campaigns
    LEFT JOIN (
        SELECT DISTINCT
            tenant_id,
            campaign_id
        FROM campaign_roi
        WHERE tenant_id = any(%(tenants)s) AND day = %(day)s
    ) AS reported
        ON campaigns.tenant_id = reported.tenant_id AND campaigns.campaign_id = reported.campaign_id
    WHERE campaigns.tenant_id = any(%(tenants)s) AND campaigns.starts_on <= %(day)s
    GROUP BY campaigns.tenant_id, campaigns.sponsor_id
    HAVING
        count(DISTINCT campaigns.goal_kind || campaigns.currency) = 1
        AND count(*) = count(reported.campaign_id)
),

per_model AS (
    SELECT
        comparable.tenant_id,
        comparable.sponsor_id,
        roi.model,
        sum(roi.amount_minor) AS revenue
    FROM comparable
    INNER JOIN campaigns
        ON comparable.tenant_id = campaigns.tenant_id AND comparable.sponsor_id = campaigns.sponsor_id
    INNER JOIN campaign_roi AS roi
        ON campaigns.tenant_id = roi.tenant_id AND campaigns.campaign_id = roi.campaign_id
    WHERE roi.day = %(day)s AND roi.kpi = 'revenue'
    GROUP BY comparable.tenant_id, comparable.sponsor_id, roi.model
),

differing AS (
    SELECT
        tenant_id,
        sponsor_id,
        min(revenue) AS least,
        max(revenue) AS most
    FROM per_model
    GROUP BY tenant_id, sponsor_id
    HAVING min(revenue) <> max(revenue)
)

SELECT
    tenant_id,
    count(*) AS offences,
    min(format('sponsor %%s: %%s to %%s', sponsor_id, least, most)) AS example
FROM differing
GROUP BY tenant_id
