-- record_alert_outcome: records the outcome of a claimed alert, if the claim is still this worker's.
-- Grain: at most one row, the alert. Parameters: tenant, token (uuid), key, channel, state, detail (text), not_before, now
-- (timestamptz), uncounted (integer: attempts to give back).
-- An expired claim (unknown) may still get its true end from its own worker, but never goes back to the queue.
UPDATE alerts
SET
    state = %(state)s,
    attempts = attempts - %(uncounted)s,
    not_before = %(not_before)s,
    claim_expires_at = NULL,
    detail = %(detail)s,
    updated_at = %(now)s
WHERE
    tenant_id = %(tenant)s
    AND alert_key = %(key)s
    AND channel = %(channel)s
    AND claim_token = %(token)s
    AND (state = 'sending' OR (state = 'unknown' AND %(state)s <> 'queued'))
