-- earshot_remove_reader: takes the tenant away from a login; the login itself may have other uses and stays.
CREATE OR REPLACE FUNCTION earshot_remove_reader(reader name) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    caller text := current_setting('role');
BEGIN
    EXECUTE format('REVOKE earshot_readonly FROM %I', reader);
    PERFORM set_config('role', 'earshot_owner', true);
    DELETE FROM role_tenants WHERE role = reader;
    PERFORM set_config('role', caller, true);
END
$function$;
