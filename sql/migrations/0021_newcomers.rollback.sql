-- Takes back 0021_newcomers.
SET LOCAL ROLE earshot_owner;
DROP VIEW episode_newcomers;
