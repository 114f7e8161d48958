-- read_report_campaigns: the sponsor's campaigns with the settings in force at as_of.
-- Grain: one row per campaign that has settings. Parameters: tenants (uuid[]), sponsor (uuid), as_of (timestamptz).
SELECT DISTINCT ON (campaigns.starts_on, campaigns.campaign_id)
    campaigns.campaign_id,
    campaigns.name,
    campaigns.starts_on,
    campaigns.ends_on,
    campaigns.goal_kind,
    campaigns.currency::text AS currency,
    configs.version,
    configs.window_days,
    configs.default_model
FROM campaigns
INNER JOIN attribution_configs AS configs
    ON campaigns.tenant_id = configs.tenant_id AND campaigns.campaign_id = configs.campaign_id
WHERE
    campaigns.tenant_id = any(%(tenants)s)
    AND campaigns.sponsor_id = %(sponsor)s
    AND campaigns.stage <> 'draft'
    AND configs.valid_from <= %(as_of)s
ORDER BY campaigns.starts_on ASC, campaigns.campaign_id ASC, configs.version DESC
