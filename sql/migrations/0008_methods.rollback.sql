-- Takes back 0008_methods, and every row it held. Addresses that have expired do not come back.
SET LOCAL ROLE earshot_owner;
DROP TRIGGER campaigns_recorded ON campaigns;
DROP TRIGGER placements_recorded ON placements;
DROP TRIGGER promo_codes_recorded ON promo_codes;
DROP TRIGGER ip_inclusions_recorded ON ip_inclusions;
DROP TRIGGER attribution_configs_recorded ON attribution_configs;
DROP TRIGGER tenants_recorded ON tenants;
DROP FUNCTION record_config_change();
DROP VIEW reader_event_keys;
DROP TABLE event_keys;
DROP TABLE config_changes;
DROP TABLE methodologies;
ALTER TABLE tenants DROP COLUMN address_days;
DELETE FROM earshot_series WHERE table_name = 'event_keys';
