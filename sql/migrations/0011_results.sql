-- 0011_results: results under the models that learn from all journeys, beside those of the others.

SET LOCAL ROLE earshot_owner;

-- Too few conversions to learn from, so these are the numbers of the linear model.
ALTER TABLE campaign_roi ADD COLUMN is_fallback boolean NOT NULL DEFAULT false;
DROP VIEW reader_campaign_roi;
SELECT earshot_create_reader('campaign_roi');
