-- Takes back 0003_events, and every row it held. Addresses that have expired do not come back.
SET LOCAL ROLE earshot_owner;
DROP TABLE ingest_watermarks;
DROP TABLE ingest_rejects;
DROP TABLE attribution_event_keys;
DROP TABLE event_keys;
DROP TABLE attribution_deliveries;
DROP TABLE attribution_events;
DROP TABLE listener_events;
DELETE FROM earshot_series WHERE table_name IN (
    'listener_events', 'attribution_events', 'event_keys', 'attribution_event_keys'
);
