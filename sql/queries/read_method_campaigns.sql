-- read_method_campaigns: the attribution settings in force of each campaign of the scoped tenants.
-- Grain: one row per campaign. Parameters: tenants (uuid[]).
SELECT DISTINCT ON (sponsors.name, campaigns.name, campaigns.campaign_id)
    sponsors.name AS sponsor,
    campaigns.name AS campaign,
    campaigns.goal_kind,
    configs.version,
    configs.window_days::text AS window_days,
    configs.touch_unit,
    configs.include_clicks,
    configs.exclude_prior_customers,
    configs.default_model,
    configs.half_life_days::text AS half_life_days
FROM campaigns
INNER JOIN sponsors ON campaigns.tenant_id = sponsors.tenant_id AND campaigns.sponsor_id = sponsors.sponsor_id
INNER JOIN attribution_configs AS configs
    ON campaigns.tenant_id = configs.tenant_id AND campaigns.campaign_id = configs.campaign_id
WHERE campaigns.tenant_id = any(%(tenants)s)
ORDER BY sponsors.name ASC, campaigns.name ASC, campaigns.campaign_id ASC, configs.version DESC
