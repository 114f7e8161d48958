-- record_resend: the trigger that writes into the trail that somebody sent a mail again, as a change of the delivery in doubt.
-- Runs as the owner, so that whoever sends again leaves a trace. The recipient's address stays out of it.
CREATE OR REPLACE FUNCTION record_resend() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $function$
BEGIN
    INSERT INTO public.config_changes (tenant_id, changed_by, acting_as, table_name, operation, row_key, old_row, new_row)
    VALUES (
        new.tenant_id, session_user, current_setting('role'), tg_table_name, 'update',
        jsonb_build_object('delivery_id', new.resend_of),
        jsonb_build_object('sent_again_as', NULL, 'by', NULL, 'reason', NULL),
        jsonb_build_object('sent_again_as', new.delivery_id, 'by', new.resent_by, 'reason', new.resend_reason)
    );
    RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION record_resend() FROM public;
