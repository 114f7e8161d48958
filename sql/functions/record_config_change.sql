-- record_config_change: the trigger that writes the trail of changes. Its arguments are the names of the key's columns.
-- Runs as the owner, so that whoever may change a setting leaves a trace and nobody can write one by hand.
CREATE OR REPLACE FUNCTION record_config_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
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
