-- record_recipient: the trigger that writes into the trail that a person had a report sent to somebody else as well, took a mail
-- back before it left, or had one that failed tried again. Runs as the owner. The recipient's address stays out of it; the delivery has it.
CREATE OR REPLACE FUNCTION record_recipient() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $function$
BEGIN
    IF NOT (
        (tg_op = 'INSERT' AND new.added_by IS NOT NULL)
        OR (
            tg_op = 'UPDATE' AND new.state <> old.state
            AND coalesce(current_setting('earshot.person', true), '') <> ''
        )
    ) THEN
        RETURN NULL;
    END IF;
    INSERT INTO public.config_changes (tenant_id, changed_by, acting_as, table_name, operation, row_key, old_row, new_row)
    VALUES (
        new.tenant_id, session_user, current_setting('role'), tg_table_name, lower(tg_op),
        jsonb_build_object('delivery_id', new.delivery_id, 'report_id', new.report_id),
        CASE WHEN tg_op = 'UPDATE' THEN jsonb_build_object('state', old.state) END,
        jsonb_build_object('state', new.state)
    );
    RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION record_recipient() FROM public;
