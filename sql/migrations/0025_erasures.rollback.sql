-- Takes back 0025_erasures. The trail of changes keeps what was recorded of them.
SET LOCAL ROLE earshot_owner;
DROP TABLE erasures;
