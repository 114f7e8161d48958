-- count_mails_and_reports: reports, mails and alerts by state, attempts to send by outcome, and imported lines by result.
-- kind: reports, deliveries, alerts, attempts or imported; state: of that kind. Those of attempts and imported only grow.
-- Grain: one row per tenant, kind and state that has any. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    'reports' AS kind,
    state,
    count(*) AS number
FROM reports
WHERE tenant_id = any(%(tenants)s::uuid[])
GROUP BY tenant_id, state
UNION ALL
SELECT
    tenant_id,
    'deliveries' AS kind,
    state,
    count(*) AS number
FROM report_deliveries
WHERE tenant_id = any(%(tenants)s::uuid[])
GROUP BY tenant_id, state
UNION ALL
SELECT
    tenant_id,
    'alerts' AS kind,
    state,
    count(*) AS number
FROM alerts
WHERE tenant_id = any(%(tenants)s::uuid[])
GROUP BY tenant_id, state
UNION ALL
SELECT
    tenant_id,
    'attempts' AS kind,
    outcome AS state,
    count(*) AS number
FROM delivery_attempts
WHERE tenant_id = any(%(tenants)s::uuid[])
GROUP BY tenant_id, outcome
UNION ALL
SELECT
    imports.tenant_id,
    'imported' AS kind,
    results.state,
    sum(results.number)::bigint AS number
FROM imports
CROSS JOIN LATERAL (
    VALUES ('stored', imports.stored), ('present', imports.present), ('rejected', imports.rejected)
) AS results (state, number)
WHERE imports.tenant_id = any(%(tenants)s::uuid[])
GROUP BY imports.tenant_id, results.state
