-- add_webhook_alerts: the webhook gets what is sent by mail.
-- Grain: one row is added for each alert made after since that the webhook does not have. Parameters: since, now (timestamptz).
INSERT INTO alerts (
    tenant_id, alert_key, channel, subscription_id, subject, body, not_before, created_at, updated_at
)
SELECT
    tenant_id,
    alert_key,
    'webhook' AS channel,
    subscription_id,
    subject,
    body,
    %(now)s AS not_before,
    created_at,
    %(now)s AS updated_at
FROM alerts
WHERE channel = 'mail' AND created_at > %(since)s
ON CONFLICT (tenant_id, alert_key, channel) DO NOTHING
