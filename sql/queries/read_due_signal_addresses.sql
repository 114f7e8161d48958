-- read_due_signal_addresses: days before a moment whose attribution events of one tenant still have addresses. Rows
-- outside the bounds of an entry are left out: expire_strange_addresses takes them.
-- Grain: one row per UTC day. Parameters: before (timestamptz), tenants (uuid[]).
SELECT
    (occurred_at AT TIME ZONE 'UTC')::date AS day,
    count(*) AS addresses
FROM attribution_events
WHERE
    tenant_id = any(%(tenants)s) AND occurred_at < %(before)s AND client_ip IS NOT NULL
    AND signal_in_bounds(occurred_at, received_at, value_minor)
GROUP BY 1
ORDER BY 1
