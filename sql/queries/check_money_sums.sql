-- check_money_sums: sponsors whose revenue as of the day is not what their attributed conversions are worth, to the minor
-- unit, under each model.
-- Only sponsors are compared whose campaigns so far share one goal and one currency and are all still reported, and whose
-- conversions need no rate and belong as a whole to campaigns that had begun: only there is the whole known.
-- Grain: one row per offending tenant. Parameters: end (timestamptz), day (date), tenants (uuid[]).
-- Joins: by hash.
WITH comparable AS (
    SELECT
        campaigns.tenant_id,
        campaigns.sponsor_id,
        min(campaigns.goal_kind) AS goal_kind,
        min(campaigns.currency::text) AS currency,
        min(campaigns.starts_on) AS first_day
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
        coalesce(sum(roi.amount_minor), 0) AS revenue
    FROM comparable
    INNER JOIN campaigns
        ON comparable.tenant_id = campaigns.tenant_id AND comparable.sponsor_id = campaigns.sponsor_id
    INNER JOIN campaign_roi AS roi
        ON campaigns.tenant_id = roi.tenant_id AND campaigns.campaign_id = roi.campaign_id
    WHERE roi.tenant_id = any(%(tenants)s) AND roi.day = %(day)s AND roi.kpi = 'revenue'
    GROUP BY comparable.tenant_id, comparable.sponsor_id, roi.model
),

-- Conversions that a campaign earned credit of before it had begun.
early AS (
    SELECT DISTINCT
        credits.tenant_id,
        credits.day,
        credits.conversion_id
    FROM attribution_credits AS credits
    INNER JOIN campaigns
        ON credits.tenant_id = campaigns.tenant_id AND credits.campaign_id = campaigns.campaign_id
    WHERE credits.tenant_id = any(%(tenants)s) AND credits.day <= %(day)s AND campaigns.starts_on > credits.day
),

per_conversion AS (
    SELECT
        comparable.tenant_id,
        comparable.sponsor_id,
        conversions.value_minor - coalesce(adjusted.value_minor, 0) AS net,
        conversions.currency = comparable.currency AND coalesce(adjusted.is_plain, TRUE) AS is_plain,
        early.conversion_id IS NULL AS is_whole
    FROM comparable
    INNER JOIN conversions
        ON
            comparable.tenant_id = conversions.tenant_id
            AND comparable.sponsor_id = conversions.sponsor_id
            AND comparable.goal_kind = conversions.kind
    LEFT JOIN early
        ON
            conversions.tenant_id = early.tenant_id
            AND conversions.day = early.day
            AND conversions.conversion_id = early.conversion_id
    LEFT JOIN LATERAL (
        SELECT
            sum(adjustments.value_minor) AS value_minor,
            bool_and(adjustments.currency = conversions.currency) AS is_plain
        FROM conversion_adjustments AS adjustments
        WHERE
            adjustments.tenant_id = conversions.tenant_id
            AND adjustments.conversion_id = conversions.conversion_id
            AND adjustments.occurred_at < %(end)s
    ) AS adjusted ON TRUE
    WHERE
        conversions.tenant_id = any(%(tenants)s)
        AND conversions.converted_at >= comparable.first_day::timestamp AT TIME ZONE 'UTC'
        AND conversions.converted_at < %(end)s
        AND conversions.matched_by <> 'none'
        AND conversions.value_minor IS NOT NULL
),

-- Summed once, not once for each model.
earned AS MATERIALIZED (
    SELECT
        tenant_id,
        sponsor_id,
        sum(net) AS net,
        bool_and(is_plain AND is_whole) AS is_told
    FROM per_conversion
    GROUP BY tenant_id, sponsor_id
),

cases AS (
    SELECT
        per_model.tenant_id,
        format(
            'sponsor %%s: %%s under %%s, %%s by conversions',
            per_model.sponsor_id, per_model.revenue, per_model.model, coalesce(earned.net, 0)
        ) AS example,
        row_number() OVER (PARTITION BY per_model.tenant_id ORDER BY per_model.sponsor_id, per_model.model) AS place
    FROM per_model
    LEFT JOIN earned
        ON per_model.tenant_id = earned.tenant_id AND per_model.sponsor_id = earned.sponsor_id
    WHERE per_model.revenue <> coalesce(earned.net, 0) AND coalesce(earned.is_told, TRUE)
)

SELECT
    tenant_id,
    count(*) AS offences,
    string_agg(example, '; ' ORDER BY place) FILTER (WHERE place <= 3) AS example
FROM cases
GROUP BY tenant_id
