-- Takes back 0027_holdout_edits.
SET LOCAL ROLE earshot_owner;
DROP TRIGGER campaign_holdouts_added ON campaign_holdouts;
DROP TRIGGER campaign_holdouts_removed ON campaign_holdouts;
DROP TRIGGER campaign_holdouts_edited ON campaign_holdouts;
