-- Takes back 0012_steering. Reports that wait or are pending become held, and are made again.
SET LOCAL ROLE earshot_owner;
DROP TRIGGER report_deliveries_steered ON report_deliveries;
DROP TRIGGER reports_steered ON reports;
DROP TRIGGER config_changes_person ON config_changes;
ALTER TABLE config_changes DROP COLUMN person;
ALTER TABLE report_deliveries DROP COLUMN added_by;
DELETE FROM report_artefacts USING reports
WHERE reports.tenant_id = report_artefacts.tenant_id AND reports.report_id = report_artefacts.report_id
    AND reports.state = 'waiting';
ALTER TABLE reports
DROP CONSTRAINT reports_stopped_has_reason,
DROP CONSTRAINT reports_note_has_author,
DROP CONSTRAINT reports_pending_has_moment,
DROP CONSTRAINT reports_made_has_content,
DROP CONSTRAINT reports_state_known,
DROP CONSTRAINT reports_unsent_has_reason;
UPDATE reports SET state = 'held', content = NULL, content_hash = NULL, subject = NULL
WHERE state IN ('waiting', 'pending');
ALTER TABLE reports
DROP COLUMN stopped_because,
DROP COLUMN stopped_by,
DROP COLUMN released_by,
DROP COLUMN approved_at,
DROP COLUMN approved_by,
DROP COLUMN note_by,
DROP COLUMN note,
DROP COLUMN ready_at,
ADD CONSTRAINT reports_state_check CHECK (state IN ('frozen', 'held', 'skipped')),
ADD CONSTRAINT reports_check1 CHECK ((state = 'frozen') = (content_hash IS NOT NULL)),
ADD CONSTRAINT reports_check2 CHECK (state = 'frozen' OR held_reason IS NOT NULL);
DROP TRIGGER report_subscriptions_recorded ON report_subscriptions;
ALTER TABLE report_subscriptions
DROP CONSTRAINT report_subscriptions_end_has_campaign,
DROP COLUMN needs_approval;
