-- Takes back 0020_catalogue, and every row it held.
SET LOCAL ROLE earshot_owner;
DROP TABLE catalogue_revisions;
DROP TABLE catalogue_slugs;
