-- read_signal_addresses: the attribution events of the scoped tenants that have an address, in [start, end).
-- Grain: one row per event. Order is not guaranteed. Parameters: start, end (timestamptz), tenants (uuid[]).
SELECT
    tenant_id,
    occurred_at,
    event_id,
    host(client_ip) AS client_ip,
    user_agent
FROM attribution_events
WHERE
    tenant_id = any(%(tenants)s) AND occurred_at >= %(start)s AND occurred_at < %(end)s
    AND client_ip IS NOT NULL
