#!/bin/sh
# Runs once, in a new container: the application's login and its two databases, as `earshot db up` makes them.
# The login is no superuser, because superusers pass every row-level policy.
set -eu

psql --set ON_ERROR_STOP=1 --set password="$POSTGRES_PASSWORD" --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
CREATE ROLE earshot LOGIN NOSUPERUSER CREATEDB CREATEROLE PASSWORD :'password';
CREATE DATABASE earshot OWNER earshot TEMPLATE template0;
CREATE DATABASE earshot_dagster OWNER earshot TEMPLATE template0;
SQL
