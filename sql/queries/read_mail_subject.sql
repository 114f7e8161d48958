-- read_mail_subject: the subject of a frozen report, read in its tenant's context.
-- Grain: at most one row. Parameters: tenant, report (uuid).
SELECT subject
FROM reports
WHERE tenant_id = %(tenant)s AND report_id = %(report)s AND state = 'frozen'
