-- record_logo: the trigger that writes into the trail whose logo was entered, changed or taken away: its size and its hash, and not
-- the picture. Runs as the owner, so that whoever may change a logo leaves a trace.
CREATE OR REPLACE FUNCTION record_logo() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    before jsonb;
    after jsonb;
    own record := coalesce(new, old);
BEGIN
    IF tg_op <> 'INSERT' THEN
        before := jsonb_build_object(
            'bytes', length(old.picture), 'sha256', encode(sha256(old.picture), 'hex'), 'entered_by', old.entered_by
        );
    END IF;
    IF tg_op <> 'DELETE' THEN
        after := jsonb_build_object(
            'bytes', length(new.picture), 'sha256', encode(sha256(new.picture), 'hex'), 'entered_by', new.entered_by
        );
    END IF;
    IF before IS NOT DISTINCT FROM after THEN
        RETURN NULL;
    END IF;
    INSERT INTO public.config_changes (tenant_id, changed_by, acting_as, table_name, operation, row_key, old_row, new_row)
    VALUES (
        own.tenant_id, session_user, current_setting('role'), tg_table_name, lower(tg_op),
        jsonb_build_object('owner_id', own.owner_id), before, after
    );
    RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION record_logo() FROM public;
