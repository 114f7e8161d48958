-- earshot_hide: drops every view of bi, so that a migration can change or drop what they show.
-- `earshot db migrate` makes them again: those of tables by earshot_publish(), the others from sql/views.
CREATE OR REPLACE FUNCTION earshot_hide() RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    shown text := (
        SELECT string_agg(format('bi.%I', relname), ', ') FROM pg_class
        WHERE relnamespace = 'bi'::regnamespace AND relkind = 'v'
    );
BEGIN
    IF shown IS NOT NULL THEN
        -- One statement for all: the server finds the order.
        EXECUTE 'DROP VIEW ' || shown;
    END IF;
END
$function$;
REVOKE ALL ON FUNCTION earshot_hide() FROM public;
