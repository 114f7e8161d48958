-- name_person: the trigger that writes into each change on whose behalf the login acted: the setting earshot.person of the
-- transaction, as the command or the job has given it. NULL: nobody was named.
CREATE OR REPLACE FUNCTION name_person() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $function$
BEGIN
    new.person := nullif(left(current_setting('earshot.person', true), 200), '');
    RETURN new;
END
$function$;
REVOKE ALL ON FUNCTION name_person() FROM public;
