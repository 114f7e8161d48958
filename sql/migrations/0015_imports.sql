-- 0015_imports: which import brought which raw rows, so that each can be listed and taken back; and where a tenant's logs and
-- orders lie, with each object that was read there, so that each is read once.

SET LOCAL ROLE earshot_owner;

-- location: a path, a glob or an address that fsspec opens, never with a login in it. options: what opening and reading it takes,
-- without secrets.
CREATE TABLE import_sources (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    name text NOT NULL CHECK (name ~ '^[a-z0-9][a-z0-9-]{0,99}$'),
    kind text NOT NULL CHECK (kind IN ('requests', 'orders')),
    location text NOT NULL CHECK (is_plain_text(location, 2000)),
    format text NOT NULL CHECK (is_plain_text(format, 200)),
    options jsonb NOT NULL DEFAULT '{}',
    entered_by text NOT NULL CHECK (is_plain_text(entered_by, 200)),
    entered_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, name)
);
CREATE TRIGGER import_sources_recorded AFTER INSERT OR UPDATE OR DELETE ON import_sources
FOR EACH ROW EXECUTE FUNCTION record_config_change('name');

-- state running: until the end of its run; updated_at says whether it is still at work. failed: it ended before the end of its
-- object; what it had stored stays. taking_back: begun, and to be ended by doing it again.
-- lines = stored + present + rejected.
CREATE TABLE imports (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    import_id bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL CHECK (kind IN ('requests', 'orders')),
    source text CHECK (is_plain_text(source, 100)),
    object text NOT NULL CHECK (is_plain_text(object, 4000)),
    version text CHECK (is_plain_text(version, 400)),
    format text NOT NULL CHECK (is_plain_text(format, 200)),
    started_by text NOT NULL CHECK (is_plain_text(started_by, 200)),
    started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed', 'taking_back', 'taken_back')),
    detail text CHECK (is_plain_text(detail, 2000)),
    lines bigint NOT NULL DEFAULT 0,
    stored bigint NOT NULL DEFAULT 0,
    present bigint NOT NULL DEFAULT 0,
    rejected bigint NOT NULL DEFAULT 0,
    unmapped bigint NOT NULL DEFAULT 0,
    without_address bigint NOT NULL DEFAULT 0,
    first_day date,
    last_day date,
    taken_back_by text CHECK (is_plain_text(taken_back_by, 200)),
    taken_back_at timestamptz,
    PRIMARY KEY (tenant_id, import_id)
);
CREATE INDEX imports_object ON imports (tenant_id, object, import_id);

-- The rows that an import alone brought. removed: how many of them went as it was taken back.
CREATE TABLE import_days (
    tenant_id uuid NOT NULL,
    import_id bigint NOT NULL,
    day date NOT NULL,
    rows bigint NOT NULL CHECK (rows >= 0),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    removed bigint CHECK (removed >= 0),
    removed_at timestamptz,
    PRIMARY KEY (tenant_id, import_id, day),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, import_id)
);
CREATE INDEX import_days_day ON import_days (tenant_id, day);

-- Rows of an import that an earlier one had brought already: they are the earlier one's, and go with it.
CREATE TABLE import_overlaps (
    tenant_id uuid NOT NULL,
    import_id bigint NOT NULL,
    earlier_id bigint NOT NULL,
    rows bigint NOT NULL CHECK (rows >= 0),
    PRIMARY KEY (tenant_id, import_id, earlier_id),
    FOREIGN KEY (tenant_id, import_id) REFERENCES imports (tenant_id, import_id),
    FOREIGN KEY (tenant_id, earlier_id) REFERENCES imports (tenant_id, import_id)
);

-- version: ETag, or size and time of change, as last read. state due: to be read (again), whatever its version. left: a person
-- took it back; it stays unread until it changes.
CREATE TABLE import_objects (
    tenant_id uuid NOT NULL,
    source text NOT NULL,
    object text NOT NULL CHECK (is_plain_text(object, 2000)),
    version text NOT NULL CHECK (is_plain_text(version, 400)),
    bytes bigint CHECK (bytes >= 0),
    modified_at timestamptz,
    state text NOT NULL CHECK (state IN ('imported', 'quarantined', 'due', 'left')),
    reason text CHECK (is_plain_text(reason, 2000)),
    attempts integer NOT NULL DEFAULT 0,
    is_forced boolean NOT NULL DEFAULT FALSE,
    import_id bigint,
    read_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, source, object),
    FOREIGN KEY (tenant_id, source) REFERENCES import_sources (tenant_id, name) ON DELETE CASCADE
);

-- NULL: a row that the platform wrote, or one from before this column. No index: what an import brought is found by its days.
ALTER TABLE listener_events ADD COLUMN import_id bigint;
ALTER TABLE attribution_events ADD COLUMN import_id bigint;
ALTER TABLE ingest_rejects ADD COLUMN import_id bigint;

SELECT earshot_protect(relation)
FROM unnest('{import_sources, imports, import_days, import_overlaps, import_objects}'::regclass[]) AS relation;
GRANT SELECT, INSERT, UPDATE, DELETE ON import_sources, imports, import_days, import_overlaps, import_objects TO earshot_etl;
GRANT SELECT ON import_sources, imports, import_days, import_overlaps, import_objects TO earshot_report, earshot_readonly;
