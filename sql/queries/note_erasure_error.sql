-- note_erasure_error: why a request of erasure could not be carried out this time, without whom.
-- Grain: the request, if it waits. Parameters: tenant, request (uuid), error (text).
UPDATE erasure_requests SET error = %(error)s
WHERE tenant_id = %(tenant)s AND request_id = %(request)s AND state = 'waiting'
