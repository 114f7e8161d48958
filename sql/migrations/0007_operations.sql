-- 0007_operations: what the pipeline notes of its own work (what is computed, verdicts, failures, who writes at the moment), how
-- a tenant's numbers are made, and who changed that and when.

SET LOCAL ROLE earshot_owner;

-- A line per asset, day and tenant. began_at: just before the run read its input. changed_at: when the content last became
-- another one; a run that finds the same numbers again leaves it as it is. content_hash: of the rows, in any order, without run
-- and finality. rules_version: by what the day was measured, for the tables too whose rows do not say so (ad_exposures,
-- listener_firsts): a row and its line are written together. NULL: no rule and no setting decides (playback), or written before
-- this column.
CREATE TABLE rollup_ledger (
    asset text NOT NULL,
    day date NOT NULL,
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    rows bigint NOT NULL CHECK (rows >= 0),
    input_watermark timestamptz,
    rules_version text,
    content_hash text,
    status text NOT NULL CHECK (status IN ('provisional', 'final')),
    began_at timestamptz NOT NULL DEFAULT now(),
    changed_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, asset, day)
);
CREATE INDEX rollup_ledger_day ON rollup_ledger (asset, day);
CREATE INDEX rollup_ledger_changed_at ON rollup_ledger (changed_at);
CREATE INDEX rollup_ledger_provisional ON rollup_ledger (tenant_id, day) WHERE status = 'provisional';

CREATE TABLE check_results (
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    check_name text NOT NULL,
    passed boolean NOT NULL,
    detail text NOT NULL,
    run_id uuid NOT NULL,
    checked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, day, check_name)
);

-- What could not be done for one tenant while everybody else's was, until the same work succeeds.
-- stage: computing, check, reports, delivery, schedule, sensor, methodology, privacy. subject: which piece of work of the
-- stage, for computing the asset. day: NULL where the work has none; for reports the first day of the period.
-- cause: for people, in one line. error_class: the class of the exception. run_id: the last run that met it, if it was a run.
CREATE TABLE tenant_failures (
    tenant_id uuid NOT NULL,
    stage text NOT NULL,
    subject text NOT NULL,
    day date,
    cause text NOT NULL,
    error_class text NOT NULL,
    run_id uuid,
    first_failed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    failed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
-- One line for each piece of work: unique without a day too, on every version of PostgreSQL.
CREATE UNIQUE INDEX tenant_failures_key ON tenant_failures (tenant_id, stage, subject, (coalesce(day, 'infinity'::date)));

-- One writer at a time: who writes an asset's day locks its row. Locks by number (pg_advisory_lock) can be taken by
-- whoever can connect; these rows are the pipeline's alone.
CREATE TABLE work_locks (name text PRIMARY KEY);

-- Each wording of a tenant's methodology page from the moment on which it was in force. version: hash of its content.
CREATE TABLE methodologies (
    tenant_id uuid NOT NULL REFERENCES tenants,
    valid_from timestamptz NOT NULL DEFAULT now(),
    version text NOT NULL,
    markdown text NOT NULL,
    html text NOT NULL,
    PRIMARY KEY (tenant_id, valid_from)
);
CREATE TRIGGER methodologies_append_only BEFORE UPDATE OR DELETE ON methodologies
FOR EACH ROW EXECUTE FUNCTION refuse_change('Add a row from the moment on which another wording is in force.');
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON methodologies
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('Rows go one by one, where their table allows it at all.');

-- Append-only. No foreign key: it also tells of tenants that are gone. row_key: the primary key's values.
-- changed_by: the login; acting_as: the role that it had taken. old_row and new_row are whole rows.
CREATE TABLE config_changes (
    tenant_id uuid NOT NULL,
    change_id uuid NOT NULL DEFAULT gen_random_uuid(),
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    changed_by text NOT NULL,
    acting_as text NOT NULL,
    table_name text NOT NULL,
    operation text NOT NULL CHECK (operation IN ('insert', 'update', 'delete')),
    row_key jsonb NOT NULL,
    old_row jsonb,
    new_row jsonb,
    PRIMARY KEY (tenant_id, change_id)
);
CREATE INDEX config_changes_changed_at ON config_changes (tenant_id, changed_at);
CREATE TRIGGER config_changes_append_only BEFORE UPDATE OR DELETE ON config_changes
FOR EACH ROW EXECUTE FUNCTION refuse_change('The trail of changes stays as it is.');
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON config_changes
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('Rows go one by one, where their table allows it at all.');

CREATE TRIGGER tenants_recorded AFTER INSERT OR UPDATE OR DELETE ON tenants
FOR EACH ROW EXECUTE FUNCTION record_config_change('slug');
CREATE TRIGGER attribution_configs_recorded AFTER INSERT OR UPDATE OR DELETE ON attribution_configs
FOR EACH ROW EXECUTE FUNCTION record_config_change('campaign_id', 'version');
CREATE TRIGGER ip_inclusions_recorded AFTER INSERT OR UPDATE OR DELETE ON ip_inclusions
FOR EACH ROW EXECUTE FUNCTION record_config_change('network');
CREATE TRIGGER promo_codes_recorded AFTER INSERT OR UPDATE OR DELETE ON promo_codes
FOR EACH ROW EXECUTE FUNCTION record_config_change('promo_code_id');
CREATE TRIGGER placements_recorded AFTER INSERT OR UPDATE OR DELETE ON placements
FOR EACH ROW EXECUTE FUNCTION record_config_change('placement_id');
CREATE TRIGGER campaigns_recorded AFTER INSERT OR UPDATE OR DELETE ON campaigns
FOR EACH ROW EXECUTE FUNCTION record_config_change('campaign_id');

-- New rows are no change of a setting, and a catalogue may have millions; what they said is kept when they change.
CREATE TRIGGER episodes_recorded
AFTER UPDATE OF podcast_id, published_at, duration_s OR DELETE ON episodes
FOR EACH ROW EXECUTE FUNCTION record_config_change('episode_id');
CREATE TRIGGER media_assets_recorded
AFTER UPDATE OF episode_id, path, file_bytes, header_bytes, duration_s, part_of, part_offset_bytes OR DELETE
ON media_assets
FOR EACH ROW EXECUTE FUNCTION record_config_change('asset_id');
CREATE TRIGGER asset_segments_recorded AFTER UPDATE OR DELETE ON asset_segments
FOR EACH ROW EXECUTE FUNCTION record_config_change('asset_id', 'segment_no');

-- Append-only. The first use of rules on agents (rules_version) or on addresses (addresses_version) that are others than
-- those of the use before; they are the same for every tenant. changed_by: the login that measured by them.
CREATE TABLE rule_changes (
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp() PRIMARY KEY,
    changed_by text NOT NULL DEFAULT session_user,
    rules_version text NOT NULL,
    addresses_version text NOT NULL
);
CREATE TRIGGER rule_changes_append_only BEFORE UPDATE OR DELETE ON rule_changes
FOR EACH ROW EXECUTE FUNCTION refuse_change('The trail of changes stays as it is.');
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON rule_changes
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('Rows go one by one, where their table allows it at all.');

SELECT earshot_protect(relation)
FROM unnest('{rollup_ledger, check_results, tenant_failures, methodologies, config_changes}'::regclass[]) AS relation;
GRANT SELECT, INSERT, UPDATE, DELETE ON rollup_ledger, check_results, tenant_failures TO earshot_etl;
GRANT SELECT, INSERT, UPDATE ON work_locks TO earshot_etl;
GRANT SELECT, INSERT ON methodologies TO earshot_etl;
GRANT SELECT ON config_changes TO earshot_etl;
-- The time and the login of a change of rules come from the server.
GRANT SELECT, INSERT (rules_version, addresses_version) ON rule_changes TO earshot_etl;
GRANT SELECT ON rollup_ledger, check_results, tenant_failures, methodologies, config_changes, rule_changes
TO earshot_report, earshot_readonly;
