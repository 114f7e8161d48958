-- current_tenant: the tenant that set_tenant_context() or bi.use_tenant() has chosen; NULL if none.
CREATE OR REPLACE FUNCTION current_tenant() RETURNS uuid
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT nullif(current_setting('app.current_tenant', true), '')::uuid
$function$;
