-- find_frozen_report: the newest frozen report of a tenant, or the one that is named.
-- Grain: at most one row. Parameters: tenant (uuid), report (uuid or NULL).
SELECT
    r.tenant_id,
    r.report_id
FROM reports AS r
WHERE
    r.tenant_id = %(tenant)s
    AND r.state = 'frozen'
    AND (%(report)s::uuid IS NULL OR r.report_id = %(report)s::uuid)
ORDER BY r.created_at DESC, r.report_id DESC
LIMIT 1
