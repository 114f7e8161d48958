-- read_check_results: what the checks said of the scoped tenants' days, from first_day to last_day, both included.
-- Grain: one row per tenant, day and check. Parameters: first_day, last_day (date), tenants (uuid[]).
SELECT
    tenant_id,
    day,
    check_name,
    passed,
    detail
FROM check_results
WHERE tenant_id = any(%(tenants)s) AND day BETWEEN %(first_day)s AND %(last_day)s
