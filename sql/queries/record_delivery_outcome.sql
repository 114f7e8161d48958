-- record_delivery_outcome: records the outcome of a claimed mail, if the claim is still this worker's.
-- Grain: at most one row, the delivery. Parameters: tenant, delivery, token (uuid), state, message_id, detail (text),
-- not_before (timestamptz or NULL), uncounted (integer: attempts to give back), now (timestamptz).
-- An expired claim (unknown) may still get its true end from its own worker, but never goes back to the queue.
UPDATE report_deliveries
SET
    state = %(state)s,
    attempts = attempts - %(uncounted)s,
    not_before = coalesce(%(not_before)s, not_before),
    claim_expires_at = NULL,
    provider_message_id = coalesce(%(message_id)s, provider_message_id),
    detail = %(detail)s,
    updated_at = %(now)s
WHERE
    tenant_id = %(tenant)s
    AND delivery_id = %(delivery)s
    AND claim_token = %(token)s
    AND (state = 'sending' OR (state = 'unknown' AND %(state)s <> 'queued'))
RETURNING state
