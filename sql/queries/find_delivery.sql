-- find_delivery: the delivery that a provider's event is about, locked until the event is applied.
-- Grain: at most one row. Parameters: delivery (uuid).
SELECT
    tenant_id,
    delivery_id,
    recipient,
    state
FROM report_deliveries
WHERE delivery_id = %(delivery)s
FOR UPDATE
