-- claim_alert: takes one alert that waits and whose owner is known; other workers pass over it. Alerts of the installation
-- (a tenant of zeros) have their recipient from the beginning.
-- Grain: at most one row, the claimed alert. Parameters: due, now, expires (timestamptz), token, tenant (uuid; the latter or NULL
-- for all), key (text; NULL for all), channels (text[]: those that can be used).
-- The claim must be committed before anybody is called: a claim that is never finished becomes unknown, not queued.
WITH due AS MATERIALIZED (
    SELECT
        a.tenant_id,
        a.alert_key,
        a.channel,
        CASE
            WHEN a.channel <> 'mail' THEN NULL
            WHEN t.tenant_id IS NULL THEN a.recipient
            ELSE coalesce(s.owner_address, t.owner_address, t.reply_to)
        END AS recipient
    FROM alerts AS a
    LEFT JOIN tenants AS t ON a.tenant_id = t.tenant_id
    LEFT JOIN report_subscriptions AS s ON a.tenant_id = s.tenant_id AND a.subscription_id = s.subscription_id
    WHERE
        a.state = 'queued'
        AND a.not_before <= %(due)s
        AND a.channel = any(%(channels)s)
        AND (%(tenant)s::uuid IS NULL OR a.tenant_id = %(tenant)s::uuid)
        AND (%(key)s::text IS NULL OR a.alert_key = %(key)s::text)
        AND (t.tenant_id IS NOT NULL OR a.tenant_id = '00000000-0000-0000-0000-000000000000')
        AND (
            a.channel <> 'mail'
            OR t.tenant_id IS NULL
            OR coalesce(s.owner_address, t.owner_address, t.reply_to) IS NOT NULL
        )
    ORDER BY a.not_before, a.tenant_id, a.alert_key, a.channel
    LIMIT 1
    FOR UPDATE OF a SKIP LOCKED
)

UPDATE alerts AS a
SET
    state = 'sending',
    recipient = due.recipient,
    attempts = a.attempts + 1,
    claim_token = %(token)s,
    claim_expires_at = %(expires)s,
    detail = NULL,
    updated_at = %(now)s
FROM due
WHERE a.tenant_id = due.tenant_id AND a.alert_key = due.alert_key AND a.channel = due.channel
RETURNING a.tenant_id, a.alert_key, a.channel, a.recipient, a.subject, a.body, a.attempts, a.created_at
