-- release_held_delivery: a held mail whose recipient is allowed by now goes into the queue; it was never sent.
-- Grain: at most one row is changed. Parameters: tenant, delivery (uuid), now (timestamptz).
UPDATE report_deliveries
SET state = 'queued', not_before = %(now)s, detail = NULL, updated_at = %(now)s
WHERE tenant_id = %(tenant)s AND delivery_id = %(delivery)s AND state = 'held'
