-- explain_chosen: the campaigns that a report is about.
-- Grain: one row per campaign. Parameters: campaigns (uuid[]).
SELECT
    name,
    goal_kind,
    currency::text AS currency,
    margin,
    starts_on,
    ends_on,
    campaign_id::text AS campaign_id
FROM bi.campaigns
WHERE campaign_id = any(%(campaigns)s::uuid[])
