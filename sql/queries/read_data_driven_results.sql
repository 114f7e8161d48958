-- read_data_driven_results: what campaigns earned under each model, as of the Sundays from first to last on which the models
-- that are fitted to all journeys were computed for one of them.
-- Grain: one row per campaign, day, model and KPI. Parameters: first, last (date), tenants, campaigns (uuid[]).
SELECT
    campaign_id,
    day,
    model,
    kpi,
    estimate,
    lower,
    upper,
    amount_minor,
    is_fallback
FROM campaign_roi
WHERE
    tenant_id = any(%(tenants)s)
    AND campaign_id = any(%(campaigns)s::uuid[])
    AND day >= %(first)s AND day <= %(last)s
    AND day IN (
        SELECT earlier.day
        FROM campaign_roi AS earlier
        WHERE
            earlier.tenant_id = any(%(tenants)s)
            AND earlier.campaign_id = any(%(campaigns)s::uuid[])
            AND earlier.day >= %(first)s AND earlier.day <= %(last)s
            AND earlier.model = 'markov' AND earlier.kpi = 'conversions'
    )
    AND kpi IN ('conversions', 'revenue', 'cpa', 'roas')
ORDER BY campaign_id, day, model, kpi
