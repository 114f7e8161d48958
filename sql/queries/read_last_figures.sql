-- read_last_figures: what the last report of each subscription before a day said of each campaign to date.
-- Grain: one row per subscription and campaign of that report; none where there is no such report, or it was made before figures were kept.
-- Only what left counts: a report that is held, waits or was skipped was seen by nobody.
-- Parameters: tenants, subscriptions (uuid[]), before (date).
WITH last AS (
    SELECT DISTINCT ON (subscription_id)
        tenant_id,
        subscription_id,
        report_id,
        period_end,
        as_of
    FROM reports
    WHERE
        tenant_id = any(%(tenants)s)
        AND subscription_id = any(%(subscriptions)s)
        AND period_end < %(before)s
        AND state = 'frozen'
    ORDER BY subscription_id ASC, period_end DESC, revision DESC
)

SELECT
    last.subscription_id,
    last.report_id,
    last.period_end AS reported_through,
    last.as_of AS reported_at,
    figures.scope_id AS campaign_id,
    campaigns.name,
    figures.model,
    figures.currency,
    figures.delivered,
    figures.conversions,
    figures.sample,
    figures.revenue_minor,
    figures.spend_minor
FROM last
INNER JOIN report_figures AS figures ON last.tenant_id = figures.tenant_id AND last.report_id = figures.report_id
INNER JOIN campaigns ON figures.tenant_id = campaigns.tenant_id AND figures.scope_id = campaigns.campaign_id
WHERE figures.span = 'to_date' AND figures.level = 'campaign'
ORDER BY last.subscription_id, campaigns.name, figures.scope_id
