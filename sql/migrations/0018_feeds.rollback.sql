-- 0018_feeds, back. Files whose place another one of the same path has taken must be gone before: media_assets has one row for
-- each path then.

SET LOCAL ROLE earshot_owner;

DROP INDEX media_assets_path;
DROP INDEX media_assets_current_path;
ALTER TABLE media_assets ADD CONSTRAINT media_assets_tenant_id_path_key UNIQUE (tenant_id, path);
ALTER TABLE media_assets DROP COLUMN replaced_at;
DROP TABLE feed_files;
DROP TABLE feed_items;
DROP TABLE feed_states;
DROP TABLE feeds;
