-- read_method_campaigns: the attribution settings in force now of each campaign of the scoped tenants.
-- Before its first version a campaign has that one's settings; without any, the defaults, which are version 0.
-- Grain: one row per campaign. Parameters: tenants (uuid[]).
SELECT DISTINCT ON (sponsors.name, campaigns.name, campaigns.campaign_id)
    sponsors.name AS sponsor,
    campaigns.name AS campaign,
    campaigns.goal_kind,
    coalesce(configs.version, 0) AS version,
    coalesce(configs.window_days, 30)::text AS window_days,
    coalesce(configs.touch_unit, 'impression') AS touch_unit,
    coalesce(configs.include_clicks, TRUE) AS include_clicks,
    coalesce(configs.exclude_prior_customers, FALSE) AS exclude_prior_customers,
    coalesce(configs.default_model, 'linear') AS default_model,
    coalesce(configs.half_life_days, 7)::text AS half_life_days
FROM campaigns
INNER JOIN sponsors ON campaigns.tenant_id = sponsors.tenant_id AND campaigns.sponsor_id = sponsors.sponsor_id
LEFT JOIN attribution_configs AS configs
    ON campaigns.tenant_id = configs.tenant_id AND campaigns.campaign_id = configs.campaign_id
WHERE campaigns.tenant_id = any(%(tenants)s)
ORDER BY
    sponsors.name ASC,
    campaigns.name ASC,
    campaigns.campaign_id ASC,
    CASE WHEN configs.valid_from <= now() THEN configs.valid_from END DESC NULLS LAST,
    CASE WHEN configs.valid_from <= now() THEN configs.version END DESC NULLS LAST,
    configs.valid_from ASC,
    configs.version ASC
