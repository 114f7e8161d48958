-- Takes back 0017_marks, and what it told.
SET LOCAL ROLE earshot_owner;
DROP VIEW reader_request_dispositions;
ALTER TABLE request_dispositions DROP COLUMN range_assumed;
SELECT earshot_create_reader('request_dispositions');
DROP VIEW reader_downloads;
ALTER TABLE downloads DROP COLUMN is_range_assumed;
SELECT earshot_create_reader('downloads');
