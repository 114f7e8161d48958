-- 0029_day_shards: shards of a tenant's day that are measured beside each other, until the day is made of them.

SET LOCAL ROLE earshot_owner;

-- content: a slice of a frame (name) as an Arrow file. measured_by: versions of rules and keys. Not compressed by the server,
-- as it is compressed already.
CREATE TABLE day_shards (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    day date NOT NULL,
    run_id uuid NOT NULL,
    shard smallint NOT NULL CHECK (shard >= 0),
    shards smallint NOT NULL CHECK (shards > shard),
    name text NOT NULL,
    slice smallint NOT NULL CHECK (slice >= 0),
    measured_by text NOT NULL,
    content bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, day, run_id, shard, name, slice)
);
ALTER TABLE day_shards ALTER COLUMN content SET STORAGE EXTERNAL;
SELECT earshot_protect('day_shards'::regclass);
GRANT SELECT, INSERT, UPDATE, DELETE ON day_shards TO earshot_etl;
