-- read_campaign_benchmarks: campaigns' KPIs beside the median of others, each as of its last Sunday from first to last.
-- Grain: one row per campaign, model and KPI. Parameters: first, last (date), tenants, campaigns (uuid[]).
SELECT
    campaign_id,
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
            AND earlier.campaign_id = campaign_benchmarks.campaign_id
            AND earlier.day >= %(first)s AND earlier.day <= %(last)s
    )
ORDER BY campaign_id, model, kpi
