-- 0012_steering: what a campaign manager decides about reports: which wait for approval, which are stopped, and
-- what is written on them; and the name of the person in the trail of changes.

SET LOCAL ROLE earshot_owner;

ALTER TABLE report_subscriptions ADD COLUMN needs_approval boolean NOT NULL DEFAULT FALSE;
-- A campaign ends; a sponsor's portfolio does not.
SELECT earshot_add_bound(
    'report_subscriptions', 'end_has_campaign', $$cadence <> 'end_of_campaign' OR campaign_id IS NOT NULL$$
);
CREATE TRIGGER report_subscriptions_recorded AFTER INSERT OR UPDATE OR DELETE ON report_subscriptions
FOR EACH ROW EXECUTE FUNCTION record_config_change('subscription_id');

-- state pending: its data cannot be final yet; ready_at says when it is looked at again. state waiting: it is made, with its
-- files, and leaves once a person has approved it. stopped_by: a person keeps it from
-- leaving, in whatever state it is. released_by: a person lets it leave although there is nothing to say.
ALTER TABLE reports
ADD COLUMN ready_at timestamptz,
ADD COLUMN note text CONSTRAINT reports_note_plain CHECK (is_plain_text(note, 500)),
ADD COLUMN note_by text,
ADD COLUMN approved_by text,
ADD COLUMN approved_at timestamptz,
ADD COLUMN released_by text,
ADD COLUMN stopped_by text,
ADD COLUMN stopped_because text,
DROP CONSTRAINT reports_state_check,
DROP CONSTRAINT reports_check1,
DROP CONSTRAINT reports_check2,
ADD CONSTRAINT reports_state_known CHECK (state IN ('pending', 'held', 'waiting', 'frozen', 'skipped')),
ADD CONSTRAINT reports_made_has_content CHECK ((state IN ('frozen', 'waiting')) = (content_hash IS NOT NULL)),
ADD CONSTRAINT reports_unsent_has_reason CHECK (state = 'frozen' OR held_reason IS NOT NULL),
ADD CONSTRAINT reports_pending_has_moment CHECK (state <> 'pending' OR ready_at IS NOT NULL),
ADD CONSTRAINT reports_note_has_author CHECK (note IS NULL OR note_by IS NOT NULL),
ADD CONSTRAINT reports_stopped_has_reason CHECK ((stopped_by IS NULL) = (stopped_because IS NULL));

-- added_by: a person had this mail sent besides those of the subscription.
ALTER TABLE report_deliveries ADD COLUMN added_by text;

-- person: on whose behalf the login acted, by its own word (the setting earshot.person).
ALTER TABLE config_changes ADD COLUMN person text;
CREATE TRIGGER config_changes_person BEFORE INSERT ON config_changes
FOR EACH ROW EXECUTE FUNCTION name_person();
CREATE TRIGGER reports_steered AFTER INSERT OR UPDATE ON reports
FOR EACH ROW EXECUTE FUNCTION record_steering();
CREATE TRIGGER report_deliveries_steered AFTER INSERT OR UPDATE ON report_deliveries
FOR EACH ROW EXECUTE FUNCTION record_recipient();
