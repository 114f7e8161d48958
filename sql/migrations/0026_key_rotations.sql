-- 0026_key_rotations: which version of the key ring the stored keys of a tenant are of, and since when.

SET LOCAL ROLE earshot_owner;

-- version: in force from then on; a tenant without a row has the oldest one of its ring. counts: by table, the rows whose keys were
-- replaced.
CREATE TABLE key_rotations (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    version smallint NOT NULL CHECK (version > 0),
    rotated_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    rotated_by text NOT NULL CHECK (is_plain_text(rotated_by, 200)),
    counts jsonb NOT NULL,
    PRIMARY KEY (tenant_id, version)
);
CREATE TRIGGER key_rotations_recorded AFTER INSERT OR UPDATE OR DELETE ON key_rotations
FOR EACH ROW EXECUTE FUNCTION record_config_change('version');
SELECT earshot_protect('key_rotations'::regclass);
GRANT SELECT, INSERT ON key_rotations TO earshot_etl;
GRANT SELECT ON key_rotations TO earshot_report, earshot_readonly;
