-- Takes back 0024_archive, and what it knew of archived days: their files stay where they are. Restore them first.
SET LOCAL ROLE earshot_owner;
DROP TABLE archived_days;
ALTER TABLE tenants DROP COLUMN raw_days;
