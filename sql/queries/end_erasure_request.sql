-- end_erasure_request: a request of erasure was carried out, and whom it was about is forgotten.
-- Grain: the request. Parameters: tenant, request, erasure (uuid).
UPDATE erasure_requests
SET
    state = 'done',
    ended_at = clock_timestamp(),
    erasure_id = %(erasure)s,
    address = NULL,
    listener_key = NULL,
    key_version = NULL,
    error = NULL
WHERE tenant_id = %(tenant)s AND request_id = %(request)s AND state = 'waiting'
