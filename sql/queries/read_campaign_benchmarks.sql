-- read_campaign_benchmarks: a campaign's KPIs beside the median of others, as of its last Sunday from first to last.
-- Grain: one row per model and KPI. Parameters: first, last (date), tenants, campaigns (uuid[]: one campaign).
SELECT
    day,
    model,
    kpi,
    unit,
    estimate,
    median,
    campaigns,
    sponsors
FROM campaign_benchmarks
WHERE
    tenant_id = any(%(tenants)s)
    AND campaign_id = any(%(campaigns)s::uuid[])
    AND day = (
        SELECT max(told.day)
        FROM campaign_benchmarks AS told
        WHERE
            told.tenant_id = any(%(tenants)s)
            AND told.campaign_id = any(%(campaigns)s::uuid[])
            AND told.day >= %(first)s AND told.day <= %(last)s
    )
ORDER BY model, kpi
