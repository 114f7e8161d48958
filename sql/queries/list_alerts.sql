-- list_alerts: alerts that were sent, or wait, newest change first. tenant is empty for the installation.
-- Grain: one row per alert and channel. Parameters: tenant (text: slug, or empty for all), most (integer).
SELECT
    coalesce(t.slug, '') AS tenant,
    a.channel,
    coalesce(
        a.recipient, CASE a.channel WHEN 'mail' THEN coalesce(s.owner_address, t.owner_address, t.reply_to) END
    ) AS recipient,
    a.subject,
    a.state,
    a.attempts,
    a.updated_at,
    a.detail
FROM alerts AS a
LEFT JOIN tenants AS t ON a.tenant_id = t.tenant_id
LEFT JOIN report_subscriptions AS s ON a.tenant_id = s.tenant_id AND a.subscription_id = s.subscription_id
WHERE %(tenant)s = '' OR t.slug = %(tenant)s
ORDER BY a.updated_at DESC, a.tenant_id ASC, a.alert_key ASC, a.channel ASC
LIMIT %(most)s
