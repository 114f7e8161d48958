-- read_recognised_spend: what the campaigns had cost by the end of the day, where it is known.
-- Grain: one row per campaign. Parameters: day (date), tenants, campaigns (uuid[]).
SELECT
    tenant_id,
    campaign_id,
    amount_minor
FROM campaign_roi
WHERE
    tenant_id = any(%(tenants)s)
    AND campaign_id = any(%(campaigns)s::uuid[])
    AND day = %(day)s
    AND kpi = 'spend'
    AND model = 'linear'
    AND amount_minor IS NOT NULL
