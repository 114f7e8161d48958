-- Takes back 0011_results: which results fell back, and every row that only it could hold.
SET LOCAL ROLE earshot_owner;
DROP VIEW reader_campaign_roi;
ALTER TABLE campaign_roi DROP COLUMN is_fallback;
SELECT earshot_create_reader('campaign_roi');
