-- read_arrivals: what had arrived for the day when somebody last looked, and the database's clock.
-- Grain: one row per tenant; input_watermark, when the newest row of the day was received, is NULL where none was.
-- Parameters: day (date), tenants (uuid[]).
SELECT
    requested.tenant_id,
    max(arrived.received_at) AS input_watermark,
    clock_timestamp() AS read_at
FROM unnest(%(tenants)s::uuid[]) AS requested (tenant_id)
LEFT JOIN ingest_watermarks AS arrived ON requested.tenant_id = arrived.tenant_id AND arrived.day = %(day)s
GROUP BY requested.tenant_id
