-- Takes back 0010_parts. Files that were parts stay, as files of their own.
SET LOCAL ROLE earshot_owner;
DROP TRIGGER media_assets_part ON media_assets;
DROP FUNCTION refuse_nested_part();
ALTER TABLE media_assets DROP COLUMN part_offset_bytes;
ALTER TABLE media_assets DROP COLUMN part_of;
ALTER TABLE media_assets DROP CONSTRAINT media_assets_tenant_id_asset_id_episode_id_key;
