-- note_holdout_edit: the trigger that notes edits of the households that campaigns leave out. A lot names thousands of them at
-- once, so it notes each campaign of a statement once, and not each row; of an update those with other households than before.
-- Runs as the owner, as note_setting_edit does.
CREATE OR REPLACE FUNCTION note_holdout_edit() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    campaigns uuid[];
BEGIN
    IF tg_op = 'UPDATE' THEN
        campaigns := (
            SELECT array_agg(DISTINCT campaign_id)
            FROM (SELECT tenant_id, campaign_id, household_key FROM left_out) AS before
            FULL JOIN (SELECT tenant_id, campaign_id, household_key FROM new_left_out) AS after
            USING (tenant_id, campaign_id, household_key)
            WHERE before.household_key IS NULL OR after.household_key IS NULL
        );
    ELSE
        campaigns := (SELECT array_agg(DISTINCT campaign_id) FROM left_out);
    END IF;
    INSERT INTO public.setting_edits (tenant_id, table_name, new_row)
    SELECT live.tenant_id, tg_table_name, jsonb_build_object('campaign_id', live.campaign_id)
    FROM public.campaigns AS live
    WHERE
        live.campaign_id = any(campaigns)
        AND EXISTS (SELECT FROM public.rollup_ledger AS line WHERE line.tenant_id = live.tenant_id);
    RETURN NULL;
END
$function$;
REVOKE ALL ON FUNCTION note_holdout_edit() FROM public;
