-- 0024_archive: for how long a tenant keeps raw rows, and the days of which they lie in an archive.

SET LOCAL ROLE earshot_owner;

-- raw_days: raw rows older than so many days are archived and dropped; NULL: they stay. Nine weeks at least: a rolling window
-- looks back 30 days, a day may be final 30 days late, and requests keep a window open for two days more.
ALTER TABLE tenants ADD COLUMN raw_days integer CHECK (raw_days >= 63),
ADD CONSTRAINT tenants_raw_days_bounded CHECK (raw_days <= 36500);

-- Tenants' UTC days in the archive. place: the folder of the day's files. manifest_sha256: of the manifest there, which has
-- counts and hashes of the files. dropped_at: when the rows left the raw tables; NULL: they are there, as before they were
-- dropped or because they were restored since.
CREATE TABLE archived_days (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    day date NOT NULL,
    place text NOT NULL,
    manifest_sha256 text NOT NULL CHECK (manifest_sha256 ~ '^[0-9a-f]{64}$'),
    rows bigint NOT NULL CHECK (rows >= 0),
    bytes bigint NOT NULL CHECK (bytes >= 0),
    archived_at timestamptz NOT NULL DEFAULT now(),
    dropped_at timestamptz,
    restored_at timestamptz,
    PRIMARY KEY (tenant_id, day)
);
SELECT earshot_protect('archived_days'::regclass);
GRANT SELECT, INSERT, UPDATE, DELETE ON archived_days TO earshot_etl;
GRANT SELECT ON archived_days TO earshot_report, earshot_readonly;
