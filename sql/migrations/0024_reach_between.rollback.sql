-- Takes back 0024_reach_between.
SET LOCAL ROLE earshot_owner;
DROP FUNCTION reach_between(uuid, date, date);
