-- Takes back 0018_audit. Which rules were in force when is known from the rows that they judged alone.
SET LOCAL ROLE earshot_owner;
DROP TRIGGER asset_segments_recorded ON asset_segments;
DROP TRIGGER media_assets_recorded ON media_assets;
DROP TRIGGER episodes_recorded ON episodes;
DROP TABLE rule_changes;
