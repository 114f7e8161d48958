-- read_campaigns: what each campaign is for, and its span as moments.
-- Grain: one row per campaign. It runs over whole UTC days; ends_at is exclusive; margin is NULL where it is not known.
-- Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    campaign_id,
    sponsor_id,
    goal_kind,
    currency::text AS currency,
    margin::double precision AS margin,
    starts_on::timestamp AT TIME ZONE 'UTC' AS starts_at,
    (ends_on + 1)::timestamp AT TIME ZONE 'UTC' AS ends_at
FROM campaigns
WHERE tenant_id = any(%(tenants)s)
