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
        SELECT max(earlier.day)
        FROM campaign_benchmarks AS earlier
        WHERE
            earlier.tenant_id = any(%(tenants)s)
            AND earlier.campaign_id = any(%(campaigns)s::uuid[])
            AND earlier.day >= %(first)s AND earlier.day <= %(last)s
    )
ORDER BY model, kpi
