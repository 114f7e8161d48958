-- set_tenant_context: chooses the tenant of this transaction.
-- It guards against mistakes; against people there are logins of their own (earshot_add_reader).
CREATE OR REPLACE FUNCTION set_tenant_context(tenant uuid) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT set_config('app.current_tenant', coalesce(tenant::text, ''), true)
$function$;
