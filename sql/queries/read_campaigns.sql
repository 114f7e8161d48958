-- read_campaigns: what each campaign is for, and its span as moments of the tenant's local midnights.
-- Grain: one row per campaign. ends_at is exclusive; margin is NULL where it is not known. Parameters: tenants (uuid[]).
SELECT
    campaigns.tenant_id,
    campaigns.campaign_id,
    campaigns.sponsor_id,
    campaigns.goal_kind,
    campaigns.currency::text AS currency,
    campaigns.margin::double precision AS margin,
    campaigns.starts_on::timestamp AT TIME ZONE tenants.timezone AS starts_at,
    (campaigns.ends_on + 1)::timestamp AT TIME ZONE tenants.timezone AS ends_at
FROM campaigns
INNER JOIN tenants ON campaigns.tenant_id = tenants.tenant_id
WHERE campaigns.tenant_id = any(%(tenants)s)
