-- earshot_add_bound: holds a table to a condition from now on, for migrations. The constraint is TABLE_BOUND.
-- If rows of this database break it already it stays NOT VALID, with a warning that says how many: they stay as they are, new
-- rows and changed ones are held to it, and `earshot status` names it until it is validated.
CREATE OR REPLACE FUNCTION earshot_add_bound(relation regclass, bound text, condition text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    name text := (SELECT relname FROM pg_class WHERE oid = relation) || '_' || bound;
    broken bigint;
BEGIN
    EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (%s) NOT VALID', relation, name, condition);
    BEGIN
        EXECUTE format('ALTER TABLE %s VALIDATE CONSTRAINT %I', relation, name);
    EXCEPTION WHEN check_violation THEN
        EXECUTE format('SELECT count(*) FROM %s WHERE NOT (%s)', relation, condition) INTO broken;
        RAISE WARNING '% row(s) of % break %. They stay as they are; new ones are refused. Correct them, then run: '
            'ALTER TABLE % VALIDATE CONSTRAINT %',
            broken, relation, name, relation, name;
    END;
END
$function$;
REVOKE ALL ON FUNCTION earshot_add_bound(regclass, text, text) FROM public;
