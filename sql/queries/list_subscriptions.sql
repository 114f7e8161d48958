-- list_subscriptions: who gets which report how often, the ones that have stopped included.
-- Grain: one row per subscription, ordered by tenant, sponsor and campaign. Parameters: tenants (uuid[]).
SELECT
    subscriptions.tenant_id,
    subscriptions.subscription_id,
    tenants.slug AS tenant,
    sponsors.name AS sponsor,
    coalesce(campaigns.name, 'all campaigns') AS campaign,
    subscriptions.cadence,
    subscriptions.recipients,
    subscriptions.locale,
    subscriptions.empty_policy,
    subscriptions.needs_approval,
    subscriptions.owner_address,
    subscriptions.active
FROM report_subscriptions AS subscriptions
INNER JOIN tenants ON subscriptions.tenant_id = tenants.tenant_id
INNER JOIN sponsors
    ON subscriptions.tenant_id = sponsors.tenant_id AND subscriptions.sponsor_id = sponsors.sponsor_id
LEFT JOIN campaigns
    ON subscriptions.tenant_id = campaigns.tenant_id AND subscriptions.campaign_id = campaigns.campaign_id
WHERE subscriptions.tenant_id = any(%(tenants)s)
ORDER BY tenants.slug, sponsors.name, campaign, subscriptions.cadence, subscriptions.subscription_id
