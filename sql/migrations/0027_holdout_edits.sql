-- 0027_holdout_edits: whom a campaign leaves out by lot is a setting that days depend on, as those of 0021_setting_edits are.

SET LOCAL ROLE earshot_owner;

CREATE TRIGGER campaign_holdouts_added AFTER INSERT ON campaign_holdouts
REFERENCING NEW TABLE AS left_out FOR EACH STATEMENT EXECUTE FUNCTION note_holdout_edit();
CREATE TRIGGER campaign_holdouts_removed AFTER DELETE ON campaign_holdouts
REFERENCING OLD TABLE AS left_out FOR EACH STATEMENT EXECUTE FUNCTION note_holdout_edit();
CREATE TRIGGER campaign_holdouts_edited AFTER UPDATE ON campaign_holdouts
REFERENCING OLD TABLE AS left_out NEW TABLE AS new_left_out FOR EACH STATEMENT EXECUTE FUNCTION note_holdout_edit();
