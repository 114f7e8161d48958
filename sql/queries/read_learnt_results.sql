-- read_learnt_results: what campaigns earned under each model, as of the last Sunday from first to last on which the
-- models that learn from all journeys were told.
-- Grain: one row per campaign, model and KPI. Parameters: first, last (date), tenants, campaigns (uuid[]).
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
    AND day = (
        SELECT max(told.day)
        FROM campaign_roi AS told
        WHERE
            told.tenant_id = any(%(tenants)s)
            AND told.campaign_id = any(%(campaigns)s::uuid[])
            AND told.day >= %(first)s AND told.day <= %(last)s
            AND told.model = 'markov' AND told.kpi = 'conversions'
    )
    AND kpi IN ('conversions', 'revenue', 'cpa', 'roas')
ORDER BY campaign_id, model, kpi
