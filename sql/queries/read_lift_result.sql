-- read_lift_result: what a campaign added, as of its last Sunday from first to last that has a result.
-- Grain: one row at most. Parameters: first, last (date), tenants, campaigns (uuid[]: one campaign).
SELECT
    day,
    is_causal,
    is_shown,
    households,
    base_households,
    relative_lift,
    relative_lower,
    relative_upper,
    minimum_detectable_lift
FROM lift_results
WHERE
    tenant_id = any(%(tenants)s)
    AND campaign_id = any(%(campaigns)s::uuid[])
    AND day >= %(first)s AND day <= %(last)s
ORDER BY day DESC
LIMIT 1
