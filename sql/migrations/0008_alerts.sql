-- 0008_alerts: whom the pipeline tells where a person is needed, and what they were told, each at most once.

SET LOCAL ROLE earshot_owner;

-- owner_address: who answers for the reports. Alerts go to the subscription's, else to the tenant's, else to its reply_to.
ALTER TABLE tenants
ADD COLUMN owner_address text,
ADD CONSTRAINT tenants_owner_address_is_address CHECK (is_mail_address(owner_address));
ALTER TABLE report_subscriptions
ADD COLUMN owner_address text,
ADD CONSTRAINT report_subscriptions_owner_address_is_address CHECK (is_mail_address(owner_address));

-- One line for each thing that was to be told and each way of telling it. alert_key: what it is about, so that the same thing is
-- told once. A claim (sending) that is never finished becomes unknown, and is never sent again by itself.
CREATE TABLE alerts (
    tenant_id uuid NOT NULL,
    alert_key text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('mail', 'webhook')),
    subscription_id uuid,
    recipient text,
    subject text NOT NULL,
    body text NOT NULL,
    state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'failed', 'unknown')),
    attempts integer NOT NULL DEFAULT 0,
    not_before timestamptz NOT NULL,
    claim_token uuid,
    claim_expires_at timestamptz,
    detail text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, alert_key, channel)
);
CREATE INDEX alerts_open ON alerts (not_before) WHERE state IN ('queued', 'sending');

SELECT earshot_protect('alerts'::regclass);
GRANT SELECT, INSERT, UPDATE, DELETE ON alerts TO earshot_etl;
GRANT SELECT ON alerts TO earshot_report, earshot_readonly;
-- Whoever builds reports may have something to tell.
GRANT INSERT ON alerts TO earshot_report;
