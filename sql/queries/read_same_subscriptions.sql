-- read_same_subscriptions: the active subscriptions to what one is to, in whatever language, itself included.
-- Grain: one row per subscription; they stay locked. Parameters: tenant, subscription (uuid).
SELECT
    same.subscription_id,
    same.locale,
    same.recipients
FROM report_subscriptions AS own
INNER JOIN report_subscriptions AS same
    ON
        own.tenant_id = same.tenant_id
        AND own.sponsor_id = same.sponsor_id
        AND own.campaign_id IS NOT DISTINCT FROM same.campaign_id
        AND own.cadence = same.cadence
WHERE own.tenant_id = %(tenant)s AND own.subscription_id = %(subscription)s AND same.active
ORDER BY same.subscription_id
FOR UPDATE OF same
