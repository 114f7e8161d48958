-- read_erasure_requests: every request of erasure of tenants and what became of it, the oldest first, without whom.
-- Grain: one row per tenant and request. Parameters: tenants (uuid[]).
SELECT
    tenants.slug AS tenant,
    requests.tenant_id,
    requests.request_id,
    requests.requested_at,
    requests.requested_by,
    requests.kind,
    requests.state,
    requests.ended_at,
    requests.withdrawn_by,
    requests.erasure_id,
    requests.error
FROM erasure_requests AS requests
INNER JOIN tenants ON requests.tenant_id = tenants.tenant_id
WHERE requests.tenant_id = any(%(tenants)s)
ORDER BY requests.requested_at, requests.request_id
