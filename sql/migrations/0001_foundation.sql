-- 0001_foundation: extensions, roles, the schema bi, what is applied, and which tables grow with time.
-- Runs as the login that migrates, which owns the database; everything after the roles belongs to earshot_owner. The functions
-- (sql/functions) are made after this migration and before all others; the views of several tables (sql/views) after the last.

CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Only a preloaded TimescaleDB knows this setting; shared_preload_libraries itself is hidden from ordinary logins.
DO $do$
BEGIN
    IF EXISTS (SELECT FROM pg_available_extensions WHERE name = 'timescaledb')
        AND current_setting('timescaledb.disable_load', true) IS NOT NULL THEN
        CREATE EXTENSION IF NOT EXISTS timescaledb;
    END IF;
END
$do$;

-- Roles belong to the whole cluster: another database may have them, or be making them at this moment.
-- INHERIT FALSE keeps the login powerless until it says SET ROLE; PostgreSQL 15 does not know the option yet.
DO $do$
DECLARE
    role_name text;
    may_set text := CASE WHEN current_setting('server_version_num')::int >= 160000 THEN 'SET' ELSE 'MEMBER' END;
    options text := CASE
        WHEN current_setting('server_version_num')::int >= 160000 THEN ' WITH INHERIT FALSE, SET TRUE' ELSE ''
    END;
BEGIN
    FOREACH role_name IN ARRAY ARRAY['earshot_owner', 'earshot_etl', 'earshot_report', 'earshot_readonly'] LOOP
        FOR attempt IN 1..20 LOOP
            BEGIN
                IF to_regrole(role_name) IS NULL THEN
                    EXECUTE format('CREATE ROLE %I NOLOGIN', role_name);
                END IF;
                IF NOT pg_has_role(current_user, role_name, may_set) THEN
                    EXECUTE format('GRANT %I TO %I', role_name, current_user) || options;
                END IF;
                EXIT;
            EXCEPTION
                -- Somebody else made the same role or grant first ("tuple concurrently updated" is an internal error).
                WHEN duplicate_object OR unique_violation OR internal_error THEN
                    IF attempt = 20 THEN
                        RAISE;
                    END IF;
                    PERFORM pg_sleep(0.1);
            END;
        END LOOP;
    END LOOP;
END
$do$;

GRANT USAGE, CREATE ON SCHEMA public TO earshot_owner;
GRANT USAGE ON SCHEMA public TO earshot_etl, earshot_report, earshot_readonly;
REVOKE CREATE ON SCHEMA public FROM public;
-- Frames arrive through temporary tables; they are for the pipeline alone.
DO $do$
BEGIN
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO earshot_etl, earshot_owner', current_database());
    EXECUTE format('REVOKE TEMPORARY, CREATE ON DATABASE %I FROM public', current_database());
END
$do$;

-- The one schema that people read: its views have the tables' names and show one tenant.
-- Made by the login that migrates: earshot_owner may not make schemas.
CREATE SCHEMA bi AUTHORIZATION earshot_owner;

SET LOCAL ROLE earshot_owner;

-- What is applied, and the SHA-256 of the file as it was applied: migrations by name, views and functions as views/NAME and
-- functions/NAME. Whoever migrates locks this table, so that two take turns.
CREATE TABLE schema_migrations (
    name text PRIMARY KEY,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now()
);
GRANT SELECT ON schema_migrations TO earshot_etl;

-- The tables that grow with time: their time column, and how much time one chunk or partition holds.
CREATE TABLE earshot_series (
    table_name text PRIMARY KEY,
    time_column text NOT NULL,
    step interval NOT NULL CHECK (step >= interval '1 day')
);
-- earshot_edition() reads it for whoever asks; it holds nothing that the catalogue does not say.
GRANT SELECT ON earshot_series TO public;
