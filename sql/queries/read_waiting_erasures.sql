-- read_waiting_erasures: who of tenants is to be erased, the oldest request first.
-- Grain: one row per tenant and request. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    request_id,
    requested_by,
    address,
    listener_key,
    key_version
FROM erasure_requests
WHERE tenant_id = any(%(tenants)s) AND state = 'waiting'
ORDER BY requested_at, request_id
