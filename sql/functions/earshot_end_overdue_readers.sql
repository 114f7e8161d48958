-- earshot_end_overdue_readers: ends the sessions of readers whose transaction has been open for longer than that.
-- Returns who, which process, since when. A reader can set its own limits of time aside (SET), so this is done from here, by
-- the pipeline: an open transaction keeps old rows, locks and notifications for everybody. Ends nobody where earshot_owner may
-- not see and end sessions: a superuser gives it that (roles.sql).
CREATE OR REPLACE FUNCTION earshot_end_overdue_readers(longest interval DEFAULT '15 minutes')
RETURNS TABLE (login name, process integer, since timestamptz)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $function$
BEGIN
    IF NOT pg_has_role('pg_signal_backend', 'USAGE') THEN
        RETURN;
    END IF;
    FOR login, process, since IN
        SELECT
            sessions.usename,
            sessions.pid,
            sessions.xact_start
        FROM pg_stat_activity AS sessions
        INNER JOIN public.role_tenants AS readers ON sessions.usename = readers.role
        WHERE sessions.datname = current_database() AND sessions.xact_start < now() - longest
    LOOP
        BEGIN
            IF pg_terminate_backend(process) THEN
                RETURN NEXT;
            END IF;
        EXCEPTION
            -- One that is just ending belongs to no role any more, which the server takes for a superuser's; a reader who is
            -- a superuser is nobody's to end. Neither keeps the others from being ended.
            WHEN insufficient_privilege THEN NULL;
        END;
    END LOOP;
END
$function$;
REVOKE ALL ON FUNCTION earshot_end_overdue_readers(interval) FROM public;
GRANT EXECUTE ON FUNCTION earshot_end_overdue_readers(interval) TO earshot_etl;
