#!/bin/sh
# Reads a backup of deploy/backup.sh into a database that is there and empty, on a server with Earshot's roles.
#
#   SUPERUSER_URL=postgresql://postgres:PASSWORD@HOST/earshot deploy/restore.sh FOLDER
#
# The database belongs to the login that migrates (docs/roles.md, "Two logins"). Where the backup has TimescaleDB, the server
# needs the same version of it. The key ring goes to its place if there is none. Readers' logins are made again, without their
# passwords. Afterwards: earshot db migrate, earshot db check, earshot doctor.
set -eu
umask 077

folder=${1:?"the folder of the backup"}
: "${SUPERUSER_URL:?"the address of the empty database, as a superuser"}"
home=${EARSHOT_HOME:-.earshot}
ring=${EARSHOT_KEYRING:-$home/keyring.json}
dump="$folder/earshot.dump"
. "$(dirname "$0")/login.sh"

run() {
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --dbname="$address" --output=/dev/null "$@"
}

if [ "$(psql --no-psqlrc -Atc "SELECT to_regclass('public.tenants') IS NOT NULL" --dbname="$address")" = t ]; then
    echo "restore: there is a schema of Earshot in this database; restore into an empty one" >&2
    exit 1
fi
if pg_restore --list "$dump" | grep -q 'EXTENSION - timescaledb'; then
    has_timescaledb=yes
    run --command='CREATE EXTENSION IF NOT EXISTS timescaledb' --command='SELECT timescaledb_pre_restore()'
else
    has_timescaledb=
fi
pg_restore --dbname="$address" --exit-on-error "$dump"
if [ -n "$has_timescaledb" ]; then
    run --command='SELECT timescaledb_post_restore()'
fi
# Whoever makes a login may change it later: the owner of the database, who migrates, and not this superuser.
run --command='ANALYZE' --file=- <<'SQL'
SELECT format(
    'SET SESSION AUTHORIZATION %I; SELECT earshot_add_reader(%L, %L); RESET SESSION AUTHORIZATION',
    pg_get_userbyid(datdba), role, tenant_id
)
FROM role_tenants, pg_database
WHERE datname = current_database()
\gexec
SQL
if [ ! -e "$ring" ] && [ -e "$folder/keyring.json" ]; then
    mkdir -p "$(dirname "$ring")"
    cp "$folder/keyring.json" "$ring"
    echo "restore: the key ring is at $ring"
fi
echo "restore: done; now: earshot db migrate, earshot db check, earshot doctor"
