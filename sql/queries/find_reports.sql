-- find_reports: reports whose id begins with these letters, with what they were made for.
-- Grain: one row per report. Parameters: prefix (text): lower-case hexadecimal digits without hyphens; '' for any.
SELECT
    reports.tenant_id,
    reports.report_id,
    tenants.slug AS tenant,
    tenants.lateness_hours,
    reports.subscription_id,
    reports.sponsor_id,
    sponsors.name AS sponsor,
    reports.campaign_id,
    reports.cadence,
    reports.period_start,
    reports.period_end,
    reports.timezone,
    reports.revision,
    reports.state,
    reports.held_reason,
    reports.ready_at,
    reports.note,
    reports.subject,
    reports.stopped_by,
    reports.stopped_because,
    reports.as_of,
    reports.created_at,
    reports.config ->> 'model' AS model,
    reports.content::text AS content
FROM reports
INNER JOIN tenants ON reports.tenant_id = tenants.tenant_id
INNER JOIN sponsors ON reports.tenant_id = sponsors.tenant_id AND reports.sponsor_id = sponsors.sponsor_id
WHERE replace(reports.report_id::text, '-', '') LIKE %(prefix)s || '%%'
ORDER BY reports.created_at DESC, reports.report_id ASC
LIMIT 20
