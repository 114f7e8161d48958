-- Takes back 0026_failures.
SET LOCAL ROLE earshot_owner;
DROP TABLE tenant_failures;
