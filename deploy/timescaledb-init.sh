#!/bin/sh
# Runs once, in a new container: the application's two logins and its two databases, as `earshot db up` makes them, and
# what each login may do (docs/roles.md). The superuser loses its password: only who may enter the container becomes it.
set -eu

: "${EARSHOT_PASSWORD:?the password of the login earshot}" "${EARSHOT_MIGRATE_PASSWORD:?the password of earshot_migrator}"

psql --set ON_ERROR_STOP=1 --set password="$EARSHOT_PASSWORD" --set migrate_password="$EARSHOT_MIGRATE_PASSWORD" \
    --set roles="${EARSHOT_ROLES:-/earshot/roles.sql}" --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
CREATE ROLE earshot LOGIN PASSWORD :'password';
CREATE ROLE earshot_migrator LOGIN PASSWORD :'migrate_password';
CREATE DATABASE earshot OWNER earshot_migrator TEMPLATE template0;
CREATE DATABASE earshot_dagster OWNER earshot TEMPLATE template0;
REVOKE ALL ON DATABASE earshot_dagster, postgres, template1 FROM public;
\c earshot
CREATE EXTENSION IF NOT EXISTS timescaledb;
SET earshot.app = 'earshot';
SET earshot.migrator = 'earshot_migrator';
\i :roles
ALTER ROLE CURRENT_USER PASSWORD NULL;
SQL
