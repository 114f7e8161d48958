-- earshot_protect: row-level security with its three policies on one table. FORCE binds the owner too, hence the owner's own policy.
CREATE OR REPLACE FUNCTION earshot_protect(protected regclass) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $function$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', protected);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', protected);
    EXECUTE format('CREATE POLICY every_tenant_etl ON %s TO earshot_etl USING (true) WITH CHECK (true)', protected);
    EXECUTE format('CREATE POLICY every_tenant_owner ON %s TO earshot_owner USING (true) WITH CHECK (true)', protected);
    EXECUTE format(
        'CREATE POLICY one_tenant ON %s TO earshot_report, earshot_readonly '
        'USING (tenant_id = (SELECT public.visible_tenant())) WITH CHECK (tenant_id = (SELECT public.visible_tenant()))',
        protected
    );
END
$function$;
REVOKE ALL ON FUNCTION earshot_protect(regclass) FROM public;
