-- add_alert: something that the owner is to be told, once for each key.
-- Grain: one row is added, or none where it is there already. Parameters: tenant, subscription (uuid; the latter or NULL),
-- key, subject, body (text), now (timestamptz).
INSERT INTO alerts (
    tenant_id, alert_key, channel, subscription_id, subject, body, not_before, created_at, updated_at
)
VALUES (
    %(tenant)s, %(key)s, 'mail', %(subscription)s, %(subject)s, %(body)s, %(now)s, %(now)s, %(now)s
)
ON CONFLICT (tenant_id, alert_key, channel) DO NOTHING
