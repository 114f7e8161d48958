-- Takes back 0021_setting_edits, and every row it held.
SET LOCAL ROLE earshot_owner;
DROP TRIGGER tenants_edited ON tenants;
DROP TRIGGER episodes_edited ON episodes;
DROP TRIGGER media_assets_edited ON media_assets;
DROP TRIGGER asset_segments_edited ON asset_segments;
DROP TRIGGER campaigns_edited ON campaigns;
DROP TRIGGER attribution_configs_edited ON attribution_configs;
DROP TRIGGER placements_edited ON placements;
DROP TRIGGER placement_episodes_edited ON placement_episodes;
DROP TRIGGER promo_codes_edited ON promo_codes;
DROP TRIGGER ip_inclusions_edited ON ip_inclusions;
DROP TRIGGER fx_rates_edited ON fx_rates;
DROP TABLE reopened_days;
DROP TABLE setting_edits;
