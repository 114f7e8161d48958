-- add_alert: a message that is to be sent, once for each key and channel.
-- Grain: one row is added, or none where it is there already. Parameters: tenant, subscription (uuid; the latter or NULL),
-- key, channel, recipient (text; NULL: the owner's address, looked up when it is sent), subject, body (text), now (timestamptz).
INSERT INTO alerts (
    tenant_id, alert_key, channel, subscription_id, recipient, subject, body, not_before, created_at, updated_at
)
VALUES (
    %(tenant)s, %(key)s, %(channel)s, %(subscription)s, %(recipient)s, %(subject)s, %(body)s, %(now)s, %(now)s, %(now)s
)
ON CONFLICT (tenant_id, alert_key, channel) DO NOTHING
