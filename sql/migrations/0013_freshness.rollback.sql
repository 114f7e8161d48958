-- Takes back 0013_freshness. Every day counts as fresh when it is applied again.
SET LOCAL ROLE earshot_owner;
DROP TABLE ingest_watermarks;
DROP INDEX rollup_ledger_provisional;
DROP INDEX rollup_ledger_changed_at;
ALTER TABLE rollup_ledger DROP COLUMN content_hash;
ALTER TABLE rollup_ledger DROP COLUMN changed_at;
ALTER TABLE rollup_ledger DROP COLUMN began_at;
