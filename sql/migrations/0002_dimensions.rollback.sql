-- Takes back 0002_dimensions, and every row it held.
SET LOCAL ROLE earshot_owner;
DROP TABLE
tenants, role_tenants, podcasts, episodes, media_assets, sponsors, campaigns, campaign_holdouts, attribution_configs,
insertion_orders, placements, placement_episodes, asset_segments, promo_codes, report_subscriptions, ip_inclusions, fx_rates;
