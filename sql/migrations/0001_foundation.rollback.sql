-- Takes back 0001_foundation. Roles and extensions stay: other databases and other schemas may use them.
SET LOCAL ROLE earshot_owner;
DROP FUNCTION earshot_create_series(text, text, interval, text);
DROP FUNCTION earshot_extend_series(text, date, date);
DROP FUNCTION earshot_edition();
DROP FUNCTION current_tenant();
DROP FUNCTION set_tenant_context(uuid);
DROP TABLE earshot_series;
DROP TABLE schema_migrations;
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM earshot_owner;
