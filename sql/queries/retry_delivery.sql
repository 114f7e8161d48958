-- retry_delivery: a person puts a failed mail back into the queue; the provider had refused it, so it was never sent.
-- Grain: at most one row, the delivery. Parameters: delivery (uuid), now (timestamptz).
UPDATE report_deliveries
SET state = 'queued', attempts = 0, not_before = %(now)s, detail = NULL, updated_at = %(now)s
WHERE delivery_id = %(delivery)s AND state = 'failed'
RETURNING recipient
