-- read_status: how each tenant stands: what is computed, what failed, what waits.
-- Grain: one row per tenant. Parameters: none.
SELECT
    tenants.tenant_id,
    tenants.slug,
    (
        SELECT max(day) FROM rollup_ledger
        WHERE tenant_id = tenants.tenant_id AND asset = 'campaign_roi'
    ) AS computed_through,
    (
        SELECT max(day) FROM rollup_ledger
        WHERE tenant_id = tenants.tenant_id AND asset = 'campaign_roi' AND status = 'final'
    ) AS final_through,
    (SELECT count(*) FROM check_results WHERE tenant_id = tenants.tenant_id AND NOT passed) AS failed_checks,
    (SELECT count(*) FROM reports WHERE tenant_id = tenants.tenant_id AND state = 'frozen') AS reports,
    (SELECT count(*) FROM reports WHERE tenant_id = tenants.tenant_id AND state = 'held') AS held_reports,
    (
        SELECT count(*) FROM report_deliveries
        WHERE tenant_id = tenants.tenant_id AND state IN ('accepted', 'delivered')
    ) AS mails_accepted,
    (
        SELECT count(*) FROM report_deliveries
        WHERE tenant_id = tenants.tenant_id AND state IN ('queued', 'sending')
    ) AS mails_waiting,
    (
        SELECT count(*) FROM report_deliveries
        WHERE tenant_id = tenants.tenant_id AND state IN ('failed', 'unknown', 'bounced', 'dropped')
    ) AS mails_troubled
FROM tenants
ORDER BY tenants.slug
