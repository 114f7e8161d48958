-- has_event_keys: whether there are kept keys of rows of the scoped tenants whose address is gone, with occurred_at in
-- [start, end). Grain: one row, found (boolean). Parameters: start, end (timestamptz), tenants (uuid[]).
SELECT count(*) > 0 AS found
FROM (
    SELECT occurred_at
    FROM event_keys
    WHERE tenant_id = any(%(tenants)s) AND occurred_at >= %(start)s AND occurred_at < %(end)s
    ORDER BY occurred_at
    LIMIT 1
) AS kept
