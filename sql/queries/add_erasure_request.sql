-- add_erasure_request: somebody is to be erased by the next upkeep; nothing changes if that waits already.
-- Grain: the request, if it is new. Parameters: tenant (uuid), person, kind, address (text), listener (bigint), version (integer).
-- address, or listener with the version of its key, is NULL.
INSERT INTO erasure_requests (tenant_id, requested_by, kind, address, listener_key, key_version)
VALUES (%(tenant)s, %(person)s, %(kind)s, %(address)s, %(listener)s, %(version)s)
ON CONFLICT DO NOTHING
RETURNING request_id
