-- Takes back 0016_episode_pages.
SET LOCAL ROLE earshot_owner;
ALTER TABLE episodes DROP COLUMN url;
