-- read_report_revisions: every revision of the reports on a period of a tenant, with what each said of the period as a whole.
-- Grain: one row per subscription and revision. The figures are NULL of a report that was not made, or made before they were
-- kept. is_changed: one of the tables has had other rows of the period's days since it was looked at last.
-- Parameters: tenants (uuid[]), cadence (text), first, last (date), tables (text[]).
SELECT
    reports.subscription_id,
    reports.report_id,
    reports.revision,
    reports.state,
    reports.created_at,
    figures.delivered,
    figures.conversions,
    figures.sample,
    figures.revenue_minor,
    figures.spend_minor,
    EXISTS(
        SELECT 1
        FROM rollup_ledger AS ledger
        WHERE
            ledger.tenant_id = reports.tenant_id
            AND ledger.asset = ANY(%(tables)s)
            AND ledger.day >= reports.period_start - 1 AND ledger.day <= reports.period_end + 1
            AND ledger.changed_at > COALESCE(reports.reviewed_as_of, reports.as_of)
    ) AS is_changed
FROM reports
LEFT JOIN report_figures AS figures
    ON
        reports.tenant_id = figures.tenant_id
        AND reports.report_id = figures.report_id
        AND figures.span = 'period'
        AND figures.level = CASE WHEN reports.campaign_id IS NULL THEN 'sponsor' ELSE 'campaign' END
WHERE
    reports.tenant_id = ANY(%(tenants)s)
    AND reports.cadence = %(cadence)s
    AND reports.period_start = %(first)s
    AND reports.period_end = %(last)s
ORDER BY reports.subscription_id, reports.revision
