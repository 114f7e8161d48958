-- add_delivery_event: one event of the provider; the same event again changes nothing.
-- Grain: one row is added, or none. Parameters: tenant, delivery (uuid), event_id, event (text), occurred (timestamptz),
-- payload (jsonb).
INSERT INTO delivery_events (tenant_id, provider_event_id, delivery_id, event, occurred_at, payload)
VALUES (%(tenant)s, %(event_id)s, %(delivery)s, %(event)s, %(occurred)s, %(payload)s)
ON CONFLICT (tenant_id, provider_event_id) DO NOTHING
