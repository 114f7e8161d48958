-- read_reports: every report that was looked at, newest period first.
-- Grain: one row per report and revision; mails: of it by state, in words. Parameters: states (text[]): pending, held, waiting,
-- frozen, skipped; tenants (uuid[]).
SELECT
    reports.report_id,
    reports.tenant_id,
    tenants.slug AS tenant,
    sponsors.name AS sponsor,
    coalesce(campaigns.name, 'all campaigns') AS campaign,
    reports.cadence,
    reports.period_start,
    reports.period_end,
    reports.revision,
    reports.state,
    reports.held_reason,
    reports.ready_at,
    reports.note,
    reports.stopped_by,
    reports.stopped_because,
    reports.restates,
    reports.subject,
    tenants.brand_name AS brand,
    reports.content ->> 'finding' AS finding,
    reports.subscription_id,
    mails.mails
FROM reports
INNER JOIN tenants ON reports.tenant_id = tenants.tenant_id
INNER JOIN sponsors ON reports.tenant_id = sponsors.tenant_id AND reports.sponsor_id = sponsors.sponsor_id
LEFT JOIN campaigns ON reports.tenant_id = campaigns.tenant_id AND reports.campaign_id = campaigns.campaign_id
LEFT JOIN LATERAL (
    SELECT string_agg(counted.mails || ' ' || counted.state, ', ' ORDER BY counted.state) AS mails
    FROM (
        SELECT
            state,
            count(*) AS mails
        FROM report_deliveries
        WHERE report_deliveries.tenant_id = reports.tenant_id AND report_deliveries.report_id = reports.report_id
        GROUP BY state
    ) AS counted
) AS mails ON TRUE
WHERE reports.state = any(%(states)s) AND reports.tenant_id = any(%(tenants)s)
ORDER BY
    reports.period_end DESC, tenants.slug ASC, sponsors.name ASC, campaign ASC, reports.revision ASC
