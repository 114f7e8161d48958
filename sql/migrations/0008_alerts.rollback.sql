-- Takes back 0008_alerts, and every row it held.
SET LOCAL ROLE earshot_owner;
DROP TABLE alerts;
ALTER TABLE report_subscriptions DROP COLUMN owner_address;
ALTER TABLE tenants DROP COLUMN owner_address;
