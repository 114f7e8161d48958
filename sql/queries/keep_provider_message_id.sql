-- keep_provider_message_id: the provider's id for a mail whose state its events have already moved on.
-- Grain: at most one row is changed. Parameters: tenant, delivery, token (uuid), message_id (text or NULL).
UPDATE report_deliveries
SET provider_message_id = coalesce(provider_message_id, %(message_id)s)
WHERE tenant_id = %(tenant)s AND delivery_id = %(delivery)s AND claim_token = %(token)s
