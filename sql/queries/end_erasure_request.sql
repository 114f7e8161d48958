-- end_erasure_request: a request of erasure that waits was carried out or is withdrawn, and whom it was about is forgotten.
-- Grain: the request, if it waited. Parameters: tenant, request (uuid), state (text: done or withdrawn), erasure (uuid;
-- NULL: withdrawn), withdrawn_by (text; NULL: done).
UPDATE erasure_requests
SET
    state = %(state)s,
    ended_at = clock_timestamp(),
    erasure_id = %(erasure)s,
    withdrawn_by = %(withdrawn_by)s,
    address = NULL,
    listener_key = NULL,
    key_version = NULL,
    error = CASE WHEN %(state)s = 'done' THEN NULL ELSE error END
WHERE tenant_id = %(tenant)s AND request_id = %(request)s AND state = 'waiting'
RETURNING request_id
