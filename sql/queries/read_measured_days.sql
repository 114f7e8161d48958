-- read_measured_days: what the days first to last were measured by.
-- Grain: one row per tenant, day and version. Parameters: first, last (date), tenants (uuid[]).
SELECT DISTINCT
    tenant_id,
    day,
    rules_version
FROM request_dispositions
WHERE tenant_id = any(%(tenants)s) AND day BETWEEN %(first)s AND %(last)s
