-- Takes back 0019_logo_trail.
SET LOCAL ROLE earshot_owner;
DROP TRIGGER logos_recorded ON logos;
