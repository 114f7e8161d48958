-- read_report_subscriptions: who gets which report of this cadence.
-- Grain: one row per active subscription. campaign_id NULL: all campaigns of the sponsor. owner: the subscription's, else
-- whom the tenant's answers go to. Parameters: cadence (text), tenants (uuid[]).
SELECT
    subscriptions.tenant_id,
    subscriptions.subscription_id,
    subscriptions.sponsor_id,
    subscriptions.campaign_id,
    subscriptions.recipients,
    subscriptions.locale,
    subscriptions.empty_policy,
    subscriptions.needs_approval,
    coalesce(subscriptions.owner_address, tenants.owner_address, tenants.reply_to) AS owner,
    sponsors.name AS sponsor
FROM report_subscriptions AS subscriptions
INNER JOIN sponsors
    ON subscriptions.tenant_id = sponsors.tenant_id AND subscriptions.sponsor_id = sponsors.sponsor_id
INNER JOIN tenants ON subscriptions.tenant_id = tenants.tenant_id
WHERE
    subscriptions.active
    AND subscriptions.cadence = %(cadence)s
    AND subscriptions.tenant_id = any(%(tenants)s)
ORDER BY subscriptions.tenant_id, subscriptions.subscription_id
