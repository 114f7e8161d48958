-- withdraw_erasure_request: a request of erasure that waits is not carried out, and whom it was about is forgotten.
-- Grain: the request, if it waited. Parameters: tenant, request (uuid), person (text).
UPDATE erasure_requests
SET
    state = 'withdrawn',
    ended_at = clock_timestamp(),
    withdrawn_by = %(person)s,
    address = NULL,
    listener_key = NULL,
    key_version = NULL
WHERE tenant_id = %(tenant)s AND request_id = %(request)s AND state = 'waiting'
RETURNING request_id
