-- move_delivery: the state that a provider's event proves.
-- Grain: at most one row is changed. Parameters: tenant, delivery (uuid), state, detail (text), now (timestamptz).
UPDATE report_deliveries
SET state = %(state)s, detail = %(detail)s, claim_expires_at = NULL, updated_at = %(now)s
WHERE tenant_id = %(tenant)s AND delivery_id = %(delivery)s
