-- count_due_alerts: alerts that wait, may leave by now and have an owner, and claims that nobody finished.
-- Grain: one row. Parameters: now (timestamptz).
SELECT count(*) AS due
FROM alerts AS a
LEFT JOIN tenants AS t ON a.tenant_id = t.tenant_id
LEFT JOIN report_subscriptions AS s ON a.tenant_id = s.tenant_id AND a.subscription_id = s.subscription_id
WHERE
    (a.state = 'sending' AND a.claim_expires_at <= %(now)s)
    OR (
        a.state = 'queued'
        AND a.not_before <= %(now)s
        AND (t.tenant_id IS NOT NULL OR a.tenant_id = '00000000-0000-0000-0000-000000000000')
        AND (
            a.channel = 'webhook'
            OR t.tenant_id IS NULL
            OR coalesce(s.owner_address, t.owner_address, t.reply_to) IS NOT NULL
        )
    )
