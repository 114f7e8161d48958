-- read_mail_artefacts: the frozen files of a report, read in its tenant's context.
-- Grain: one row per file, by name. Parameters: tenant, report (uuid).
SELECT
    name,
    media_type,
    content_id,
    body,
    sha256
FROM report_artefacts
WHERE tenant_id = %(tenant)s AND report_id = %(report)s
ORDER BY name
