-- find_erasure_request: the request of erasure of this address or listener that waits.
-- Grain: one row at most. Parameters: tenant (uuid), address (text), listener (bigint).
SELECT request_id
FROM erasure_requests
WHERE tenant_id = %(tenant)s AND (address = %(address)s OR listener_key = %(listener)s)
