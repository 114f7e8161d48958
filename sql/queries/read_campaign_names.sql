-- read_campaign_names: what the campaigns of tenants are called, and when they run: in days of whose time zone.
-- Grain: one row per campaign, ordered. Parameters: tenants (uuid[]).
SELECT
    campaigns.tenant_id,
    tenants.slug,
    tenants.timezone,
    campaigns.campaign_id,
    campaigns.name,
    campaigns.starts_on,
    campaigns.ends_on
FROM campaigns
INNER JOIN tenants ON campaigns.tenant_id = tenants.tenant_id
WHERE campaigns.tenant_id = any(%(tenants)s)
ORDER BY tenants.slug, campaigns.starts_on, campaigns.campaign_id
