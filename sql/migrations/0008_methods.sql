-- 0008_methods: how a tenant's numbers are made, who changed that and when, and the keys that outlive raw addresses.

SET LOCAL ROLE earshot_owner;

-- Raw addresses are taken out of listener_events after this many days; NULL: they stay until somebody decides.
-- Three days at least, so that a day is final before its addresses go.
ALTER TABLE tenants ADD COLUMN address_days integer CHECK (address_days >= 3);

-- Each wording of a tenant's methodology page from the moment on which it was in force. version: hash of its content.
CREATE TABLE methodologies (
    tenant_id uuid NOT NULL REFERENCES tenants,
    valid_from timestamptz NOT NULL DEFAULT now(),
    version text NOT NULL,
    markdown text NOT NULL,
    html text NOT NULL,
    PRIMARY KEY (tenant_id, valid_from)
);

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

-- The keys of raw events as they were derived while the address was still there; a recompute takes them instead.
SELECT earshot_create_series('event_keys', 'occurred_at', interval '1 day', $ddl$
    tenant_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    event_id uuid NOT NULL,
    consumer_key bigint NOT NULL,
    household_key bigint NOT NULL,
    key_version smallint NOT NULL,
    address_class text NOT NULL
    CHECK (address_class IN ('household', 'commercial', 'cellular', 'data_centre', 'unknown')),
    on_inclusion_list boolean NOT NULL,
    ip_rules_version text NOT NULL,
    PRIMARY KEY (tenant_id, occurred_at, event_id)
$ddl$);

DO $do$
DECLARE
    made text;
BEGIN
    FOREACH made IN ARRAY ARRAY['methodologies', 'config_changes', 'event_keys'] LOOP
        PERFORM earshot_protect(format('public.%I', made)::regclass);
    END LOOP;
END
$do$;
SELECT earshot_create_reader('event_keys');
GRANT SELECT, INSERT, UPDATE, DELETE ON event_keys TO earshot_etl;
GRANT SELECT, INSERT ON methodologies TO earshot_etl;
GRANT SELECT ON config_changes TO earshot_etl;
GRANT SELECT ON methodologies, config_changes TO earshot_report, earshot_readonly;

-- Runs as the owner, so that whoever may change a setting leaves a trace and nobody can write one by hand.
-- Its arguments are the names of the key's columns.
CREATE FUNCTION record_config_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public
AS $function$
DECLARE
    before jsonb := CASE WHEN tg_op <> 'INSERT' THEN to_jsonb(old) END;
    after jsonb := CASE WHEN tg_op <> 'DELETE' THEN to_jsonb(new) END;
    named jsonb := '{}';
    part text;
BEGIN
    IF before IS NOT DISTINCT FROM after THEN
        RETURN NULL;
    END IF;
    FOREACH part IN ARRAY tg_argv LOOP
        named := named || jsonb_build_object(part, coalesce(after, before) -> part);
    END LOOP;
    INSERT INTO public.config_changes (tenant_id, changed_by, acting_as, table_name, operation, row_key, old_row, new_row)
    VALUES (
        (coalesce(after, before) ->> 'tenant_id')::uuid, session_user, current_setting('role'), tg_table_name,
        lower(tg_op), named, before, after
    );
    RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION record_config_change() FROM public;

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

CREATE TRIGGER config_changes_append_only BEFORE UPDATE OR DELETE ON config_changes
FOR EACH ROW EXECUTE FUNCTION refuse_change('The trail of changes stays as it is.');
CREATE TRIGGER methodologies_append_only BEFORE UPDATE OR DELETE ON methodologies
FOR EACH ROW EXECUTE FUNCTION refuse_change('Add a row from the moment on which another wording is in force.');
