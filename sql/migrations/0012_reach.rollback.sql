-- Takes back 0012_reach. Estimates stay in campaign_reach, without their bounds.
SET LOCAL ROLE earshot_owner;
DROP VIEW reader_reach_sketches;
DROP TABLE reach_sketches;
DELETE FROM earshot_series WHERE table_name = 'reach_sketches';
DROP VIEW reader_campaign_reach;
ALTER TABLE campaign_reach DROP COLUMN consumers_upper;
ALTER TABLE campaign_reach DROP COLUMN consumers_lower;
ALTER TABLE campaign_reach DROP COLUMN households_upper;
ALTER TABLE campaign_reach DROP COLUMN households_lower;
ALTER TABLE campaign_reach DROP COLUMN is_estimate;
SELECT earshot_create_reader('campaign_reach');
