-- 0025_erasures: that somebody was erased, by whom and when, and the counts that prove it; never who it was.

SET LOCAL ROLE earshot_owner;

-- kind: listener or address. counts: by table, the rows before and after. days: how many days are computed again because of it.
-- archived_days, archived_rows: of how many archived days the files were written again, without how many rows.
CREATE TABLE erasures (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    erasure_id uuid NOT NULL,
    erased_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    erased_by text NOT NULL CHECK (is_plain_text(erased_by, 200)),
    kind text NOT NULL CHECK (kind IN ('listener', 'address')),
    counts jsonb NOT NULL,
    days integer NOT NULL CHECK (days >= 0),
    archived_days integer NOT NULL CHECK (archived_days >= 0),
    archived_rows bigint NOT NULL CHECK (archived_rows >= 0),
    PRIMARY KEY (tenant_id, erasure_id)
);
CREATE TRIGGER erasures_recorded AFTER INSERT OR UPDATE OR DELETE ON erasures
FOR EACH ROW EXECUTE FUNCTION record_config_change('erasure_id');
SELECT earshot_protect('erasures'::regclass);
GRANT SELECT, INSERT ON erasures TO earshot_etl;
GRANT SELECT ON erasures TO earshot_report, earshot_readonly;
