-- read_changed_reports: periods with reports that were made of days whose rows have changed since they were looked at last.
-- Grain: one row per period. Parameters: tenants (uuid[]), cadence (text), since (date): periods that ended before are left
-- alone, tables (text[]): those whose changes count.
SELECT DISTINCT
    reports.period_start,
    reports.period_end
FROM reports
WHERE
    reports.tenant_id = any(%(tenants)s)
    AND reports.cadence = %(cadence)s
    AND reports.period_end >= %(since)s
    AND reports.state IN ('frozen', 'waiting')
    AND EXISTS (
        SELECT 1
        FROM report_figures AS figures
        WHERE figures.tenant_id = reports.tenant_id AND figures.report_id = reports.report_id
    )
    AND EXISTS (
        SELECT 1
        FROM rollup_ledger AS ledger
        WHERE
            ledger.tenant_id = reports.tenant_id
            AND ledger.asset = any(%(tables)s)
            AND ledger.day >= reports.period_start - 1 AND ledger.day <= reports.period_end + 1
            AND ledger.changed_at > coalesce(reports.reviewed_as_of, reports.as_of)
    )
ORDER BY reports.period_start
