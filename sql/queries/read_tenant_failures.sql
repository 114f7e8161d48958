-- read_tenant_failures: what could not be done for the scoped tenants and was not done since.
-- Grain: one row per tenant, stage, subject and day (NULL where the work has none), the latest failure first.
-- Parameters: tenants (uuid[]).
SELECT
    failures.tenant_id,
    tenants.slug AS tenant,
    failures.stage,
    failures.subject,
    failures.day,
    failures.cause,
    failures.error_class,
    failures.run_id,
    failures.first_failed_at,
    failures.failed_at
FROM tenant_failures AS failures
INNER JOIN tenants ON failures.tenant_id = tenants.tenant_id
WHERE failures.tenant_id = any(%(tenants)s)
ORDER BY failures.failed_at DESC, tenants.slug ASC, failures.stage ASC, failures.day ASC, failures.subject ASC
