-- 0015_short_files: how much of a short file may be missing, told by each tenant.

SET LOCAL ROLE earshot_owner;

-- Bytes that may be missing where a download needs the whole file: it is shorter than a minute, or of unknown duration.
-- Servers that stop a few bytes early, or tags at the end that players never ask for, are why. Disclosed.
ALTER TABLE tenants ADD COLUMN whole_file_slack bigint NOT NULL DEFAULT 0 CHECK (whole_file_slack >= 0);
