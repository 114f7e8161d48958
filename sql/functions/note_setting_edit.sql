-- note_setting_edit: the trigger that notes edits of settings that days depend on. Its arguments are the names of columns of
-- which one must have changed. Runs as the owner, so that whoever may edit need not know of that table. What is new in a tenant
-- of which nothing is computed yet changes nothing, but for files and episodes that imported requests may be for.
CREATE OR REPLACE FUNCTION note_setting_edit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    before jsonb := CASE WHEN tg_op <> 'INSERT' THEN to_jsonb(old) END;
    after jsonb := CASE WHEN tg_op <> 'DELETE' THEN to_jsonb(new) END;
    owner uuid := (coalesce(after, before) ->> 'tenant_id')::uuid;
    part text;
    has_changed boolean := tg_op <> 'UPDATE';
BEGIN
    FOREACH part IN ARRAY tg_argv LOOP
        has_changed := has_changed OR before -> part IS DISTINCT FROM after -> part;
    END LOOP;
    IF has_changed THEN
        INSERT INTO public.setting_edits (tenant_id, table_name, old_row, new_row)
        SELECT tenants.tenant_id, tg_table_name, before, after
        FROM public.tenants
        WHERE
            (owner IS NULL OR tenants.tenant_id = owner)
            AND (
                EXISTS (SELECT FROM public.rollup_ledger AS line WHERE line.tenant_id = tenants.tenant_id)
                OR (
                    tg_table_name IN ('media_assets', 'episodes')
                    AND EXISTS (
                        SELECT FROM public.imports WHERE imports.tenant_id = tenants.tenant_id AND imports.unmapped > 0
                    )
                )
            );
    END IF;
    RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION note_setting_edit() FROM public;
