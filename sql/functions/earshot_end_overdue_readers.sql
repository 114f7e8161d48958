-- earshot_end_overdue_readers: ends the sessions of readers whose transaction has been open for longer than that.
-- Returns who, which process, since when. A reader can set its own limits of time aside (SET), so this is done from here, by
-- the pipeline: an open transaction keeps old rows, locks and notifications for everybody. Ends nobody where earshot_owner may
-- not see and end sessions: a superuser gives it that (roles.sql).
CREATE OR REPLACE FUNCTION earshot_end_overdue_readers(longest interval DEFAULT '15 minutes')
RETURNS TABLE (login name, process integer, since timestamptz)
LANGUAGE sql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $function$
    SELECT
        overdue.usename,
        overdue.pid,
        overdue.xact_start
    FROM (
        SELECT
            sessions.usename,
            sessions.pid,
            sessions.xact_start
        FROM pg_stat_activity AS sessions
        INNER JOIN public.role_tenants AS readers ON sessions.usename = readers.role
        WHERE sessions.datname = current_database() AND sessions.xact_start < now() - longest
    ) AS overdue
    WHERE CASE WHEN pg_has_role('pg_signal_backend', 'USAGE') THEN pg_terminate_backend(overdue.pid) ELSE false END
$function$;
REVOKE ALL ON FUNCTION earshot_end_overdue_readers(interval) FROM public;
GRANT EXECUTE ON FUNCTION earshot_end_overdue_readers(interval) TO earshot_etl;
