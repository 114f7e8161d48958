-- roles: what a superuser does once for a server, and for each of its databases, so that no login of Earshot needs more
-- than docs/roles.md says. The private server does it whenever it starts; deploy/timescaledb-init.sh does it in a container.
-- It can be run again, and takes back what earlier versions gave. The two logins are there already, with their passwords:
--
--   SET earshot.app = 'earshot'; SET earshot.migrator = 'earshot_migrator'; \i roles.sql

DO $do$
DECLARE
    app text := current_setting('earshot.app');
    migrator text := current_setting('earshot.migrator');
    has_options boolean := current_setting('server_version_num')::int >= 160000;
    acting text := CASE WHEN has_options THEN ' WITH INHERIT FALSE, SET TRUE' ELSE '' END;
    ours text[] := ARRAY['earshot_owner', 'earshot_etl', 'earshot_report', 'earshot_readonly'];
    name text;
    given record;
    readers text[];
BEGIN
    FOREACH name IN ARRAY ours LOOP
        IF to_regrole(name) IS NULL THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', name);
        END IF;
    END LOOP;

    -- Whoever made the roles may hand them out again for ever, so that goes; what hangs on it, readers among it, comes back.
    readers := ARRAY(
        SELECT DISTINCT member::regrole::text FROM pg_auth_members
        WHERE roleid = 'earshot_readonly'::regrole AND member NOT IN (app::regrole, migrator::regrole)
    );
    FOR given IN
        SELECT DISTINCT roleid::regrole::text AS role, grantor::regrole::text AS grantor
        FROM pg_auth_members WHERE member = app::regrole AND roleid::regrole::text = ANY(ours)
    LOOP
        EXECUTE format('REVOKE %s FROM %I', given.role, app)
            || CASE WHEN has_options THEN format(' GRANTED BY %s', given.grantor) ELSE '' END || ' CASCADE';
    END LOOP;
    EXECUTE format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', app);
    EXECUTE format('ALTER ROLE %I NOSUPERUSER NOBYPASSRLS NOCREATEDB CREATEROLE', migrator);
    FOREACH name IN ARRAY readers LOOP
        IF NOT pg_has_role(name::regrole, 'earshot_readonly', 'MEMBER') THEN
            EXECUTE format('GRANT earshot_readonly TO %s', name)
                || CASE WHEN has_options THEN ' WITH INHERIT TRUE, SET FALSE' ELSE '' END;
        END IF;
        -- What a reader's sorts put on the disk: a full one stops everybody. Not of another database's application.
        IF NOT pg_has_role(name::regrole, 'earshot_etl', 'MEMBER') THEN
            EXECUTE format('ALTER ROLE %s SET temp_file_limit = ''1GB''', name);
        END IF;
    END LOOP;
    EXECUTE format('GRANT SET ON PARAMETER temp_file_limit TO %I', migrator);

    -- The application becomes the pipeline or a tenant's report, reads bi as it is, and never becomes the owner: so it
    -- cannot touch the trail of changes, which is the owner's.
    EXECUTE format('GRANT earshot_etl, earshot_report TO %I', app) || acting;
    EXECUTE format('GRANT earshot_readonly TO %I', app)
        || CASE WHEN has_options THEN ' WITH INHERIT TRUE, SET TRUE' ELSE '' END;
    -- The other login migrates, and makes the logins of tenants' people.
    EXECUTE format('GRANT earshot_owner, earshot_etl, earshot_report TO %I', migrator) || acting;
    EXECUTE format('GRANT earshot_readonly TO %I WITH ADMIN OPTION', migrator)
        || CASE WHEN has_options THEN ', INHERIT FALSE, SET TRUE' ELSE '' END;

    -- Whose lock it is that a run waits for; and a way in when readers have taken all the connections.
    EXECUTE format('GRANT pg_read_all_stats TO %I, %I', app, migrator);
    -- A reader that keeps a lock can be sent away, and is, if it stays too long (earshot_end_overdue_readers).
    EXECUTE format('GRANT pg_signal_backend TO %I', migrator);
    GRANT pg_read_all_stats, pg_signal_backend TO earshot_owner;
    IF to_regrole('pg_use_reserved_connections') IS NOT NULL THEN
        EXECUTE format('GRANT pg_use_reserved_connections TO %I, %I', app, migrator);
    END IF;

    -- In this database: nobody makes temporary or large objects in passing, or asks how much there is of everybody's.
    EXECUTE format('REVOKE TEMPORARY ON DATABASE %I FROM public', current_database());
    FOR given IN
        SELECT oid::regprocedure AS function FROM pg_proc
        WHERE pronamespace = 'pg_catalog'::regnamespace AND proname IN (
            'lo_creat', 'lo_create', 'lo_from_bytea', 'lo_import', 'lo_open', 'lo_put', 'lo_truncate', 'lo_truncate64',
            'lo_unlink', 'lowrite', 'pg_database_size', 'pg_tablespace_size', 'pg_relation_size', 'pg_table_size',
            'pg_indexes_size', 'pg_total_relation_size', 'pg_logical_emit_message'
        )
        -- TimescaleDB's own, where it is there already: sizes past the functions above, and jobs in the background.
        OR proname ~ '^(hypertable|chunks?|relation)(_\w+)?_size$|^(add|alter|delete|run)_job$' AND EXISTS (
            SELECT FROM pg_depend INNER JOIN pg_extension ON refobjid = pg_extension.oid
            WHERE objid = pg_proc.oid AND deptype = 'e' AND extname = 'timescaledb'
        )
    LOOP
        EXECUTE format('REVOKE EXECUTE ON ROUTINE %s FROM public', given.function);
        EXECUTE format('GRANT EXECUTE ON ROUTINE %s TO earshot_owner, earshot_etl', given.function);
    END LOOP;
END
$do$;
