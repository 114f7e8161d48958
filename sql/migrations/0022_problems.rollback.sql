-- Takes back 0022_problems, and every row it held. Alerts of the installation itself go too: earlier versions know none.
SET LOCAL ROLE earshot_owner;
DROP TABLE problems;
DELETE FROM alerts WHERE tenant_id = '00000000-0000-0000-0000-000000000000';
