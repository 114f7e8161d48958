-- find_campaigns: the campaigns of this name, whatever its case, or with this id.
-- Grain: one row per campaign, ordered. Parameters: wanted (text), tenants (uuid[]).
SELECT
    campaigns.tenant_id,
    tenants.slug,
    campaigns.campaign_id,
    campaigns.name,
    campaigns.starts_on,
    campaigns.ends_on
FROM campaigns
INNER JOIN tenants ON campaigns.tenant_id = tenants.tenant_id
WHERE
    campaigns.tenant_id = any(%(tenants)s)
    AND (lower(campaigns.name) = lower(%(wanted)s) OR campaigns.campaign_id::text = lower(%(wanted)s))
ORDER BY tenants.slug, campaigns.starts_on, campaigns.campaign_id
