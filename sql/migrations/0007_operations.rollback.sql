-- Takes back 0007_operations, and every row it held.
SET LOCAL ROLE earshot_owner;
DROP TRIGGER tenants_recorded ON tenants;
DROP TRIGGER attribution_configs_recorded ON attribution_configs;
DROP TRIGGER ip_inclusions_recorded ON ip_inclusions;
DROP TRIGGER promo_codes_recorded ON promo_codes;
DROP TRIGGER placements_recorded ON placements;
DROP TRIGGER campaigns_recorded ON campaigns;
DROP TRIGGER episodes_recorded ON episodes;
DROP TRIGGER media_assets_recorded ON media_assets;
DROP TRIGGER asset_segments_recorded ON asset_segments;
DROP TABLE rule_changes;
DROP TABLE config_changes;
DROP TABLE methodologies;
DROP TABLE work_locks;
DROP TABLE tenant_failures;
DROP TABLE check_results;
DROP TABLE rollup_ledger;
