-- add_same_subscription: a subscription to what another one is to, with its settings but for the language, to nobody yet.
-- Grain: one row. Parameters: tenant, subscription, added (uuid), locale (text).
INSERT INTO report_subscriptions (
    tenant_id, subscription_id, sponsor_id, campaign_id, cadence, recipients, locale, empty_policy, needs_approval,
    owner_address
)
SELECT
    tenant_id,
    %(added)s AS subscription_id,
    sponsor_id,
    campaign_id,
    cadence,
    '{}' AS recipients,
    %(locale)s,
    empty_policy,
    needs_approval,
    owner_address
FROM report_subscriptions
WHERE tenant_id = %(tenant)s AND subscription_id = %(subscription)s
