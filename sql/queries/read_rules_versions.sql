-- read_rules_versions: the rules that requests of the days first to last were judged by.
-- Grain: one row per version. Parameters: first, last (date), tenants (uuid[]).
SELECT DISTINCT rules_version
FROM request_dispositions
WHERE tenant_id = any(%(tenants)s) AND day BETWEEN %(first)s AND %(last)s
ORDER BY rules_version
