-- Takes back 0009_provider_payloads, and every row it held.
SET LOCAL ROLE earshot_owner;
DROP TABLE provider_payloads;
