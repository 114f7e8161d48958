-- Takes back 0015_imports: the rows that imports brought stay, and nothing says any more which import brought them.
SET LOCAL ROLE earshot_owner;
ALTER TABLE ingest_rejects DROP COLUMN import_id;
ALTER TABLE attribution_events DROP COLUMN import_id;
ALTER TABLE listener_events DROP COLUMN import_id;
DROP TABLE import_objects;
DROP TABLE import_overlaps;
DROP TABLE import_days;
DROP TABLE imports;
DROP TABLE import_sources;
