-- Takes back 0020_signal_keys, and every row it held. Addresses that have expired do not come back.
SET LOCAL ROLE earshot_owner;
DROP VIEW reader_attribution_event_keys;
DROP TABLE attribution_event_keys;
DELETE FROM earshot_series WHERE table_name = 'attribution_event_keys';
