-- count_ownerless_alerts: alerts that wait because there is no address to mail them to.
-- Grain: one row per tenant that has any, ordered by slug. Parameters: none.
SELECT
    t.slug,
    count(*) AS alerts
FROM alerts AS a
INNER JOIN tenants AS t ON a.tenant_id = t.tenant_id
LEFT JOIN report_subscriptions AS s ON a.tenant_id = s.tenant_id AND a.subscription_id = s.subscription_id
WHERE
    a.state = 'queued'
    AND a.channel = 'mail'
    AND coalesce(s.owner_address, t.owner_address, t.reply_to) IS NULL
GROUP BY t.slug
ORDER BY t.slug
