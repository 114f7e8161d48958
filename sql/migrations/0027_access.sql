-- 0027_access: what logins could do beyond their business is taken away; partitions are made ahead, by the pipeline itself.

-- As the login that migrates, which owns the database: temporary tables are for the pipeline.
DO $do$
BEGIN
    EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM public', current_database());
END
$do$;
REVOKE CREATE ON SCHEMA public FROM public;

SET LOCAL ROLE earshot_owner;

-- One writer at a time: who writes an asset's day locks its row. Locks by number (pg_advisory_lock) can be taken by
-- whoever can connect; these rows are the pipeline's alone.
CREATE TABLE work_locks (name text PRIMARY KEY);
GRANT SELECT, INSERT, UPDATE ON work_locks TO earshot_etl;

-- A temporary object comes before all others unless pg_temp is named, last: a login that may make temporary objects could
-- put its own type or table under the hands of a function of the owner's. A body that was read when it was made (RETURN)
-- looks nothing up, and stays as it is: with a path of its own, the planner could not put it in place of its call.
DO $do$
DECLARE
    made record;
BEGIN
    FOR made IN
        SELECT routines.oid::regprocedure AS name, coalesce(kept.path, 'pg_catalog, public') AS path
        FROM pg_proc AS routines
        LEFT JOIN LATERAL (
            SELECT substr(setting, 13) AS path FROM unnest(routines.proconfig) AS setting
            WHERE starts_with(setting, 'search_path=')
        ) AS kept ON true
        WHERE routines.proowner = 'earshot_owner'::regrole AND routines.prosqlbody IS NULL
            AND coalesce(kept.path, '') NOT LIKE '%pg_temp'
    LOOP
        EXECUTE format('ALTER ROUTINE %s SET search_path = %s, pg_temp', made.name, made.path);
    END LOOP;
END
$do$;

-- What is written once is not emptied either.
DO $do$
DECLARE
    kept record;
BEGIN
    FOR kept IN
        SELECT DISTINCT tgrelid::regclass AS name FROM pg_trigger
        WHERE tgfoid = 'refuse_change()'::regprocedure AND NOT tgisinternal
    LOOP
        EXECUTE format(
            'CREATE TRIGGER never_emptied BEFORE TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_change(%L)',
            kept.name, 'Rows go one by one, where their table allows it at all.'
        );
    END LOOP;
END
$do$;

-- A login for one tenant's own people (0006). A login that belongs to another tenant is not re-pointed in passing. At most
-- five sessions at once, which it cannot change itself; its time limits it can change, for a session of its own.
CREATE OR REPLACE FUNCTION earshot_add_reader(reader name, tenant uuid) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp
AS $function$
DECLARE
    caller text := current_setting('role');
    is_new boolean := NOT EXISTS (SELECT FROM pg_roles WHERE rolname = reader);
    may_inherit text := CASE
        WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT TRUE, SET FALSE' ELSE ''
    END;
    known uuid;
BEGIN
    IF EXISTS (
        SELECT FROM pg_roles
        WHERE rolname = reader AND (rolsuper OR rolbypassrls OR rolcreaterole OR pg_has_role(oid, 'earshot_report', 'MEMBER')
            OR pg_has_role(oid, 'earshot_etl', 'MEMBER') OR pg_has_role(oid, 'earshot_owner', 'MEMBER'))
    ) THEN
        RAISE EXCEPTION 'role % can see more than one tenant and cannot be a reader', quote_ident(reader)
            USING ERRCODE = 'invalid_role_specification', HINT = 'Choose a name that no role has yet.';
    END IF;
    PERFORM set_config('role', 'earshot_owner', true);
    SELECT role_tenants.tenant_id INTO known FROM public.role_tenants WHERE role_tenants.role = reader;
    PERFORM set_config('role', caller, true);
    IF known <> tenant THEN
        RAISE EXCEPTION 'login % already belongs to tenant %', quote_ident(reader), known
            USING ERRCODE = 'invalid_role_specification',
            HINT = format('Take it from that tenant first: SELECT earshot_remove_reader(%L).', reader);
    END IF;
    IF is_new THEN
        EXECUTE format('CREATE ROLE %I LOGIN CONNECTION LIMIT 5', reader);
        EXECUTE format('ALTER ROLE %I SET statement_timeout = ''5min''', reader);
        EXECUTE format('ALTER ROLE %I SET lock_timeout = ''10s''', reader);
        EXECUTE format('ALTER ROLE %I SET idle_in_transaction_session_timeout = ''5min''', reader);
        EXECUTE format('ALTER ROLE %I SET idle_session_timeout = ''1h''', reader);
    END IF;
    EXECUTE format('GRANT earshot_readonly TO %I', reader) || may_inherit;
    PERFORM set_config('role', 'earshot_owner', true);
    INSERT INTO public.role_tenants (role, tenant_id) VALUES (reader, tenant) ON CONFLICT (role) DO NOTHING;
    PERFORM set_config('role', caller, true);
END
$function$;

-- Where series are partitioned: the partitions that should be there and are not, by series and first day. Two weeks ahead,
-- or three steps of a wide series; and every step of which rows wait in the DEFAULT partition, imported history included.
-- Days before 2000 and beyond the year to come stay where they are: no log is that old, and mistakes make no partitions.
CREATE FUNCTION earshot_missing_partitions() RETURNS TABLE (series text, first_day date)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC'
AS $function$
DECLARE
    kept record;
BEGIN
    FOR kept IN
        SELECT
            earshot_series.table_name,
            earshot_series.time_column,
            extract(day FROM earshot_series.step)::integer AS days,
            greatest(14, 3 * extract(day FROM earshot_series.step)::integer) AS days_ahead
        FROM public.earshot_series
        INNER JOIN pg_partitioned_table ON partrelid = to_regclass('public.' || quote_ident(earshot_series.table_name))
        ORDER BY earshot_series.table_name
    LOOP
        RETURN QUERY EXECUTE format(
            $query$
            SELECT %1$L::text, steps.first_day
            FROM (
                SELECT DISTINCT date '1970-01-01' + ((needed.day - date '1970-01-01') / %3$s) * %3$s AS first_day
                FROM (
                    SELECT generate_series(0, %4$s) + current_date AS day
                    UNION ALL
                    SELECT %2$I::date FROM public.%5$I WHERE %2$I >= '2000-01-01' AND %2$I < current_date + 366
                ) AS needed
            ) AS steps
            WHERE to_regclass('public.' || quote_ident(%1$L || '_p' || to_char(steps.first_day, 'YYYYMMDD'))) IS NULL
            ORDER BY steps.first_day
            $query$,
            kept.table_name, kept.time_column, kept.days, kept.days_ahead, kept.table_name || '_default'
        );
    END LOOP;
END
$function$;

-- Makes one of these and moves into it what waited; returns how many rows that were. For the pipeline, hence the limits:
-- only series, only such days.
CREATE FUNCTION earshot_make_partition(series text, first_day date) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET timezone = 'UTC'
AS $function$
DECLARE
    days integer := (SELECT extract(day FROM step) FROM public.earshot_series WHERE table_name = series);
    lower_day date;
    moved bigint;
BEGIN
    IF days IS NULL OR first_day < '2000-01-01' OR first_day > current_date + 1100 THEN
        RAISE EXCEPTION 'no partition of % is made for %', series, first_day USING ERRCODE = 'invalid_parameter_value';
    END IF;
    lower_day := date '1970-01-01' + ((first_day - date '1970-01-01') / days) * days;
    PERFORM public.earshot_extend_series(series, lower_day, lower_day);
    EXECUTE format('SELECT count(*) FROM public.%I', series || '_p' || to_char(lower_day, 'YYYYMMDD')) INTO moved;
    RETURN moved;
END
$function$;
REVOKE ALL ON FUNCTION earshot_missing_partitions(), earshot_make_partition(text, date) FROM public;
GRANT EXECUTE ON FUNCTION earshot_missing_partitions(), earshot_make_partition(text, date) TO earshot_etl;
-- Only the owner has any use for these.
REVOKE ALL ON FUNCTION
earshot_extend_series(text, date, date), earshot_create_series(text, text, interval, text), earshot_protect(regclass)
FROM public;
