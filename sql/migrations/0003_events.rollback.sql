-- Takes back 0003_events, and every row it held.
SET LOCAL ROLE earshot_owner;
DROP TABLE ingest_rejects;
DROP TABLE attribution_events;
DROP TABLE listener_events;
DELETE FROM earshot_series WHERE table_name IN (
    'listener_events',
    'attribution_events'
);
