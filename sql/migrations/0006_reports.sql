-- 0006_reports: what sponsors got: frozen reports, their artefacts, and the outbox that sends each at most once.

SET LOCAL ROLE earshot_owner;

-- state frozen: content and artefacts are fixed for ever; a correction is a new revision that restates the old one.
-- state held: not sent, with the reason; it is looked at again each morning and frozen once its data are healed.
CREATE TABLE reports (
    tenant_id uuid NOT NULL,
    report_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    sponsor_id uuid NOT NULL,
    campaign_id uuid,
    cadence text NOT NULL CHECK (cadence IN ('weekly', 'monthly', 'end_of_campaign')),
    period_start date NOT NULL,
    period_end date NOT NULL,
    timezone text NOT NULL,
    revision integer NOT NULL DEFAULT 1 CHECK (revision >= 1),
    restates uuid,
    state text NOT NULL CHECK (state IN ('frozen', 'held', 'skipped')),
    held_reason text,
    as_of timestamptz NOT NULL,
    input_watermark timestamptz,
    code_version text NOT NULL,
    config jsonb NOT NULL DEFAULT '{}',
    content jsonb,
    content_hash text,
    subject text,
    run_id uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, report_id),
    UNIQUE (tenant_id, subscription_id, period_start, period_end, revision),
    CHECK (period_end >= period_start),
    CHECK ((state = 'frozen') = (content_hash IS NOT NULL)),
    CHECK (state = 'frozen' OR held_reason IS NOT NULL)
);

-- name: report.html, report.txt, report.pdf, report.csv, or a picture's file name.
CREATE TABLE report_artefacts (
    tenant_id uuid NOT NULL,
    report_id uuid NOT NULL,
    name text NOT NULL,
    media_type text NOT NULL,
    content_id text,
    body bytea NOT NULL,
    sha256 text NOT NULL,
    PRIMARY KEY (tenant_id, report_id, name),
    FOREIGN KEY (tenant_id, report_id) REFERENCES reports (tenant_id, report_id)
);

-- A delivery whose resend_of is set was asked for by a person: resent_by, with a reason. It is the same report for the same
-- recipient; its revision is one more than that of the delivery before. state cancelled: it was never sent, because the earlier
-- mail turned out to have arrived.
CREATE TABLE report_deliveries (
    tenant_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    report_id uuid NOT NULL,
    revision integer NOT NULL,
    recipient text NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN (
        'queued', 'sending', 'accepted', 'delivered', 'bounced', 'dropped', 'failed', 'unknown', 'suppressed', 'held',
        'cancelled'
    )),
    attempts integer NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL DEFAULT now(),
    claim_token uuid,
    claim_expires_at timestamptz,
    transport text,
    provider_message_id text,
    detail text,
    resend_of uuid,
    resent_by text,
    resend_reason text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, delivery_id),
    UNIQUE (tenant_id, report_id, recipient, revision),
    FOREIGN KEY (tenant_id, report_id) REFERENCES reports (tenant_id, report_id),
    FOREIGN KEY (tenant_id, resend_of) REFERENCES report_deliveries (tenant_id, delivery_id),
    CHECK ((resend_of IS NULL) = (resent_by IS NULL))
);
CREATE INDEX report_deliveries_due ON report_deliveries (not_before) WHERE state = 'queued';
CREATE UNIQUE INDEX report_deliveries_resend_of ON report_deliveries (tenant_id, resend_of) WHERE resend_of IS NOT NULL;
CREATE TRIGGER report_deliveries_resent AFTER INSERT ON report_deliveries
FOR EACH ROW WHEN (new.resend_of IS NOT NULL) EXECUTE FUNCTION record_resend();

-- Append-only.
CREATE TABLE delivery_attempts (
    tenant_id uuid NOT NULL,
    attempt_id uuid NOT NULL,
    delivery_id uuid NOT NULL,
    transport text NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    outcome text NOT NULL,
    status_code integer,
    provider_message_id text,
    detail text,
    PRIMARY KEY (tenant_id, attempt_id),
    FOREIGN KEY (tenant_id, delivery_id) REFERENCES report_deliveries (tenant_id, delivery_id)
);
CREATE TRIGGER delivery_attempts_append_only BEFORE UPDATE OR DELETE ON delivery_attempts
FOR EACH ROW EXECUTE FUNCTION refuse_change('Add a row for a new attempt.');
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON delivery_attempts
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('Rows go one by one, where their table allows it at all.');

-- Append-only. provider_event_id makes a repeated event harmless.
CREATE TABLE delivery_events (
    tenant_id uuid NOT NULL,
    provider_event_id text NOT NULL,
    delivery_id uuid NOT NULL,
    event text NOT NULL,
    occurred_at timestamptz NOT NULL,
    payload jsonb NOT NULL,
    PRIMARY KEY (tenant_id, provider_event_id)
);
CREATE TRIGGER delivery_events_append_only BEFORE UPDATE OR DELETE ON delivery_events
FOR EACH ROW EXECUTE FUNCTION refuse_change('Add a row for a new event.');
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON delivery_events
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('Rows go one by one, where their table allows it at all.');

CREATE TABLE suppressions (
    tenant_id uuid NOT NULL,
    address text NOT NULL CHECK (address = lower(address)),
    reason text NOT NULL CHECK (reason IN ('bounce', 'spam_report', 'unsubscribe', 'manual')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, address)
);

SELECT earshot_protect(relation)
FROM unnest('{
    reports, report_artefacts, report_deliveries, delivery_attempts, delivery_events, suppressions
}'::regclass[]) AS relation;
GRANT SELECT, INSERT, UPDATE, DELETE ON
reports, report_artefacts, report_deliveries, suppressions
TO earshot_etl;
GRANT SELECT, INSERT ON delivery_attempts, delivery_events TO earshot_etl;
GRANT SELECT ON
reports, report_artefacts, report_deliveries, delivery_attempts, delivery_events, suppressions
TO earshot_report, earshot_readonly;
-- Whoever builds reports also freezes them and queues their mails; external readers only read.
GRANT INSERT, UPDATE ON reports, report_deliveries TO earshot_report;
GRANT INSERT ON report_artefacts, delivery_attempts, delivery_events, suppressions TO earshot_report;
