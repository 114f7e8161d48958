-- 0020_catalogue: names of rows in files of a catalogue, and each entry of such files as a whole.

SET LOCAL ROLE earshot_owner;

-- By which name files know a row that has no slug of its own. Rows without a line here are called by what stands in them.
CREATE TABLE catalogue_slugs (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    kind text NOT NULL CHECK (kind IN ('episodes', 'sponsors', 'campaigns', 'placements', 'subscriptions')),
    slug text NOT NULL CHECK (slug ~ '^[a-z0-9][a-z0-9-]*$' AND length(slug) <= 120),
    row_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, kind, slug),
    UNIQUE (tenant_id, kind, row_id)
);

-- Files that were entered, in one transaction each. added, changed, removed: how many rows.
CREATE TABLE catalogue_revisions (
    tenant_id uuid NOT NULL REFERENCES tenants (tenant_id),
    revision_id uuid NOT NULL,
    entered_at timestamptz NOT NULL DEFAULT now(),
    entered_by text NOT NULL CHECK (is_plain_text(entered_by, 200)),
    files text[] NOT NULL,
    added integer NOT NULL CHECK (added >= 0),
    changed integer NOT NULL CHECK (changed >= 0),
    removed integer NOT NULL CHECK (removed >= 0),
    PRIMARY KEY (tenant_id, revision_id)
);
CREATE TRIGGER catalogue_revisions_recorded AFTER INSERT OR UPDATE OR DELETE ON catalogue_revisions
FOR EACH ROW EXECUTE FUNCTION record_config_change('revision_id');

SELECT earshot_protect(relation) FROM unnest('{catalogue_slugs, catalogue_revisions}'::regclass[]) AS relation;
GRANT SELECT, INSERT, UPDATE, DELETE ON catalogue_slugs, catalogue_revisions TO earshot_etl;
GRANT SELECT ON catalogue_slugs, catalogue_revisions TO earshot_report, earshot_readonly;
