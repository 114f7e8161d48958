-- claim_due_delivery: takes one waiting mail whose report is frozen and not stopped by a person; other workers pass over it.
-- Grain: at most one row, the claimed delivery. Parameters: due, now, expires (timestamptz), token (uuid), transport (text).
-- The claim must be committed before the provider is called: a claim that is never finished becomes unknown, not queued.
WITH due AS MATERIALIZED (
    SELECT
        d.tenant_id,
        d.delivery_id
    FROM report_deliveries AS d
    INNER JOIN reports AS r ON d.tenant_id = r.tenant_id AND d.report_id = r.report_id
    WHERE d.state = 'queued' AND d.not_before <= %(due)s AND r.state = 'frozen' AND r.stopped_by IS NULL
    ORDER BY d.not_before, d.delivery_id
    LIMIT 1
    FOR UPDATE OF d SKIP LOCKED
)

UPDATE report_deliveries AS d
SET
    state = 'sending',
    attempts = d.attempts + 1,
    claim_token = %(token)s,
    claim_expires_at = %(expires)s,
    transport = %(transport)s,
    detail = NULL,
    updated_at = %(now)s
FROM due
WHERE d.tenant_id = due.tenant_id AND d.delivery_id = due.delivery_id
RETURNING d.tenant_id, d.delivery_id, d.report_id, d.recipient, d.attempts, d.created_at
