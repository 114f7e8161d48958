-- 0028_erasure_requests: who is to be erased by the nightly upkeep, and what became of it. Whom is kept until then only.

SET LOCAL ROLE earshot_owner;

-- address, listener_key: whom, while it waits; NULL once it is done or withdrawn. key_version: the version that listener_key is
-- of. error: why it was not done the last time, without whom. No trail of changes: it would keep whom.
CREATE TABLE erasure_requests (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    request_id uuid NOT NULL DEFAULT gen_random_uuid(),
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    requested_by text NOT NULL CHECK (is_plain_text(requested_by, 200)),
    kind text NOT NULL CHECK (kind IN ('listener', 'address')),
    address text CHECK (is_plain_text(address, 100)),
    listener_key bigint,
    key_version smallint,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'withdrawn')),
    ended_at timestamptz,
    withdrawn_by text CHECK (is_plain_text(withdrawn_by, 200)),
    erasure_id uuid,
    error text CHECK (is_plain_text(error, 2000)),
    PRIMARY KEY (tenant_id, request_id),
    UNIQUE (tenant_id, address),
    UNIQUE (tenant_id, listener_key),
    FOREIGN KEY (tenant_id, erasure_id) REFERENCES erasures (tenant_id, erasure_id),
    CONSTRAINT erasure_requests_whom_check CHECK (
        (address IS NOT NULL) = (state = 'waiting' AND kind = 'address')
        AND (listener_key IS NOT NULL) = (state = 'waiting' AND kind = 'listener')
        AND (key_version IS NOT NULL) = (listener_key IS NOT NULL)
    ),
    CONSTRAINT erasure_requests_end_check CHECK (
        (ended_at IS NULL) = (state = 'waiting')
        AND (erasure_id IS NOT NULL) = (state = 'done')
        AND (withdrawn_by IS NOT NULL) = (state = 'withdrawn')
    )
);
-- The server's statistics of a column keep some of its values.
ALTER TABLE erasure_requests ALTER COLUMN address SET STATISTICS 0, ALTER COLUMN listener_key SET STATISTICS 0;
SELECT earshot_protect('erasure_requests'::regclass);
-- Readers see the proof (erasures), and not who waits.
GRANT SELECT, INSERT, UPDATE ON erasure_requests TO earshot_etl;

ALTER TABLE problems DROP CONSTRAINT problems_kind_check;
ALTER TABLE problems ADD CONSTRAINT problems_kind_check CHECK (
    kind IN ('failed_run', 'late_night', 'held_report', 'paused_sender', 'full_disk', 'lapsed_list', 'late_erasure')
);
