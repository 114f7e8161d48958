-- Takes back 0019_placing.
SET LOCAL ROLE earshot_owner;
DROP INDEX episodes_released;
