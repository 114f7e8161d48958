-- refuse_change: the trigger of tables whose rows are written once and never changed. Its argument is the advice that goes with it.
CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    RAISE EXCEPTION '% rows are written once and never changed', tg_table_name
        USING ERRCODE = 'restrict_violation', HINT = tg_argv[0];
END
$function$;
