-- record_steering: the trigger that writes into the trail what a person decided about a report: its note, its stop, its approval,
-- and what became of it by that. What runs do by themselves (no person is named) is no change of a setting.
-- Runs as the owner, so that whoever decides leaves a trace.
CREATE OR REPLACE FUNCTION record_steering() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    before jsonb;
    after jsonb := jsonb_build_object(
        'state', new.state, 'note', new.note, 'approved_by', new.approved_by, 'released_by', new.released_by,
        'stopped_by', new.stopped_by, 'stopped_because', new.stopped_because
    );
BEGIN
    IF tg_op = 'UPDATE' THEN
        before := jsonb_build_object(
            'state', old.state, 'note', old.note, 'approved_by', old.approved_by, 'released_by', old.released_by,
            'stopped_by', old.stopped_by, 'stopped_because', old.stopped_because
        );
    END IF;
    IF before IS NOT DISTINCT FROM after
        OR (coalesce(current_setting('earshot.person', true), '') = '' AND before - 'state' IS NOT DISTINCT FROM after - 'state')
        OR (coalesce(current_setting('earshot.person', true), '') = '' AND before IS NULL)
    THEN
        RETURN NULL;
    END IF;
    INSERT INTO public.config_changes (tenant_id, changed_by, acting_as, table_name, operation, row_key, old_row, new_row)
    VALUES (
        new.tenant_id, session_user, current_setting('role'), tg_table_name, lower(tg_op),
        jsonb_build_object('report_id', new.report_id), before, after
    );
    RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION record_steering() FROM public;
