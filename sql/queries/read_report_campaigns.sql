-- read_report_campaigns: the sponsors' campaigns with the settings in force at as_of.
-- Before its first version a campaign has that one's settings; without any, the defaults, which are version 0.
-- Grain: one row per campaign. Parameters: tenants, sponsors (uuid[]), as_of (timestamptz).
SELECT DISTINCT ON (campaigns.starts_on, campaigns.campaign_id)
    campaigns.sponsor_id,
    campaigns.campaign_id,
    campaigns.name,
    campaigns.starts_on,
    campaigns.ends_on,
    campaigns.goal_kind,
    campaigns.currency::text AS currency,
    campaigns.target_cpa_minor,
    campaigns.target_roas,
    coalesce(configs.version, 0) AS version,
    coalesce(configs.window_days, 30) AS window_days,
    coalesce(configs.half_life_days, 7) AS half_life_days,
    coalesce(configs.default_model, 'linear') AS default_model
FROM campaigns
LEFT JOIN attribution_configs AS configs
    ON campaigns.tenant_id = configs.tenant_id AND campaigns.campaign_id = configs.campaign_id
WHERE
    campaigns.tenant_id = any(%(tenants)s)
    AND campaigns.sponsor_id = any(%(sponsors)s)
    AND campaigns.stage <> 'draft'
ORDER BY
    campaigns.starts_on ASC,
    campaigns.campaign_id ASC,
    CASE WHEN configs.valid_from <= %(as_of)s THEN configs.valid_from END DESC NULLS LAST,
    CASE WHEN configs.valid_from <= %(as_of)s THEN configs.version END DESC NULLS LAST,
    configs.valid_from ASC,
    configs.version ASC
