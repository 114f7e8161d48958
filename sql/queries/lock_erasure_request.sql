-- lock_erasure_request: a request of erasure that waits, to the end of the transaction.
-- Grain: the request, if it waits. Parameters: tenant, request (uuid).
SELECT request_id
FROM erasure_requests
WHERE tenant_id = %(tenant)s AND request_id = %(request)s AND state = 'waiting'
FOR UPDATE
