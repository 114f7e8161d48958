-- read_attribution_configs: every version of every campaign's settings.
-- Grain: one row per campaign and version. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    campaign_id,
    version,
    window_days::double precision AS window_days,
    touch_unit,
    include_clicks,
    exclude_prior_customers,
    half_life_days::double precision AS half_life_days,
    default_model,
    valid_from
FROM attribution_configs
WHERE tenant_id = any(%(tenants)s)
