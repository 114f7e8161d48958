-- read_report_recipients: whom a report goes to, with the latest mail of each.
-- Grain: one row per recipient. Parameters: tenant, report (uuid).
SELECT DISTINCT ON (recipient)
    delivery_id,
    recipient,
    revision,
    state,
    updated_at,
    added_by,
    detail
FROM report_deliveries
WHERE tenant_id = %(tenant)s AND report_id = %(report)s
ORDER BY recipient ASC, revision DESC
