#!/bin/sh
# Writes a backup of an installation into a folder: its database, and its key ring. Keep it as safe as they are.
#
#   SUPERUSER_URL=postgresql://postgres:PASSWORD@HOST/earshot deploy/backup.sh FOLDER
#
# A superuser, because row-level security keeps rows from every other login; of the private server:
# SUPERUSER_URL="$(earshot db url --superuser)". pg_dump and psql must be as new as the server. Dagster's history is a database
# of its own: without it nothing is computed otherwise, and the UI begins anew.
set -eu
umask 077

folder=${1:?"a folder for the backup"}
: "${SUPERUSER_URL:?"the address of the database, as a superuser"}"
home=${EARSHOT_HOME:-.earshot}
ring=${EARSHOT_KEYRING:-$home/keyring.json}
. "$(dirname "$0")/login.sh"

mkdir -p "$folder"
# Whole, or not there: a dump that was stopped is no backup.
pg_dump --format=custom --dbname="$address" --file="$folder/earshot.dump.new"
pg_restore --list "$folder/earshot.dump.new" >/dev/null
mv "$folder/earshot.dump.new" "$folder/earshot.dump"
if [ -e "$ring" ]; then
    cp "$ring" "$folder/keyring.json"
else
    echo "backup: there is no key ring at $ring; without one, no day can be computed again alike" >&2
fi
echo "backup: $(du -h "$folder/earshot.dump" | cut -f1) in $folder/earshot.dump"
