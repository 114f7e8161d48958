-- Takes back 0014_logos, and with it the logos: reports name network and sponsor in words.
SET LOCAL ROLE earshot_owner;
DROP TABLE logos;
