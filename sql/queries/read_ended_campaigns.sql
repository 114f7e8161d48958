-- read_ended_campaigns: the campaigns whose flight ended on the days first to last, both included, whose end somebody subscribed
-- to, with the state of that report.
-- Grain: one row per active subscription to an end of campaign; state NULL: the report was never begun. Parameters: tenants
-- (uuid[]), first, last (date).
SELECT
    subscriptions.tenant_id,
    subscriptions.subscription_id,
    campaigns.campaign_id,
    campaigns.starts_on,
    campaigns.ends_on,
    reports.state
FROM report_subscriptions AS subscriptions
INNER JOIN campaigns
    ON subscriptions.tenant_id = campaigns.tenant_id AND subscriptions.campaign_id = campaigns.campaign_id
LEFT JOIN reports
    ON
        subscriptions.tenant_id = reports.tenant_id
        AND subscriptions.subscription_id = reports.subscription_id
        AND campaigns.starts_on = reports.period_start
        AND campaigns.ends_on = reports.period_end
        AND reports.revision = 1
WHERE
    subscriptions.active
    AND subscriptions.cadence = 'end_of_campaign'
    AND subscriptions.tenant_id = any(%(tenants)s)
    AND campaigns.stage <> 'draft'
    AND campaigns.ends_on BETWEEN %(first)s AND %(last)s
ORDER BY subscriptions.tenant_id, campaigns.ends_on, campaigns.starts_on, subscriptions.subscription_id
