-- read_lift_result: what campaigns added, each as of its last Sunday from first to last that has a result.
-- Grain: one row per campaign that was compared. Parameters: first, last (date), tenants, campaigns (uuid[]).
SELECT DISTINCT ON (campaign_id)
    campaign_id,
    day,
    is_causal,
    is_shown,
    households,
    base_households,
    relative_lift,
    relative_lower,
    relative_upper,
    minimum_detectable_lift,
    iroas,
    iroas_lower,
    iroas_upper
FROM lift_results
WHERE
    tenant_id = any(%(tenants)s)
    AND campaign_id = any(%(campaigns)s::uuid[])
    AND day >= %(first)s AND day <= %(last)s
ORDER BY campaign_id ASC, day DESC
