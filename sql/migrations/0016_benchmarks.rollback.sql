-- Takes back 0016_benchmarks, and every row it held.
SET LOCAL ROLE earshot_owner;
ALTER TABLE lift_results DROP COLUMN config_version;
DROP TABLE campaign_benchmarks;
