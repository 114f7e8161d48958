-- Takes back 0002_dimensions, and every row it held.
SET LOCAL ROLE earshot_owner;
DROP TABLE ip_inclusions;
DROP TABLE fx_rates;
DROP TABLE report_subscriptions;
DROP TABLE promo_codes;
DROP TABLE asset_segments;
DROP TABLE placement_episodes;
DROP TABLE placements;
DROP TABLE insertion_orders;
DROP TABLE attribution_configs;
DROP TABLE campaigns;
DROP TABLE sponsors;
DROP TABLE media_assets;
DROP TABLE episodes;
DROP TABLE podcasts;
DROP TABLE tenants;
