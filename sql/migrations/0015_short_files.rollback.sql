-- Takes back 0015_short_files. Short files are needed whole again.
SET LOCAL ROLE earshot_owner;
ALTER TABLE tenants DROP COLUMN whole_file_slack;
