-- 0017_marks: which numbers rest on the range that was asked for, because the log does not say what was sent.

SET LOCAL ROLE earshot_owner;

-- NULL in both: computed before this was told.
-- is_range_assumed: some of the covered bytes are those of a range that is taken as received.
ALTER TABLE downloads ADD COLUMN is_range_assumed boolean;
DROP VIEW reader_downloads;
SELECT earshot_create_reader('downloads');

-- range_assumed: how many of the requests have no number of bytes sent, so that their range is taken as received.
ALTER TABLE request_dispositions ADD COLUMN range_assumed bigint CHECK (range_assumed BETWEEN 0 AND requests);
DROP VIEW reader_request_dispositions;
SELECT earshot_create_reader('request_dispositions');
