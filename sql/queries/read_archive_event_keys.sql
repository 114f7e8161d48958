-- read_archive_event_keys: every column of the rows of one tenant in [start, end), as an archive keeps them.
-- Grain: one row of event_keys, in the order of its key. Parameters: start, end (timestamptz), tenants (uuid[]).
SELECT
    tenant_id,
    occurred_at,
    event_id,
    consumer_key,
    household_key,
    key_version,
    address_class,
    on_inclusion_list,
    ip_rules_version
FROM event_keys
WHERE tenant_id = any(%(tenants)s) AND occurred_at >= %(start)s AND occurred_at < %(end)s
ORDER BY occurred_at, event_id
