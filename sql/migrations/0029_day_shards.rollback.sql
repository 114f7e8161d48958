-- Takes back 0029_day_shards.
SET LOCAL ROLE earshot_owner;
DROP TABLE day_shards;
