-- read_archive_attribution_events: every column of the rows of one tenant in [start, end), as an archive keeps them.
-- Grain: one row of attribution_events, in the order of its key. Parameters: start, end (timestamptz), tenants (uuid[]).
SELECT
    tenant_id,
    event_id,
    occurred_at,
    received_at,
    sponsor_id,
    campaign_id,
    placement_id,
    episode_id,
    kind,
    signal,
    order_id,
    value_minor,
    currency,
    promo_code,
    utm::text AS utm,
    household_key,
    listener_key,
    listener_id,
    client_ip::text AS client_ip,
    user_agent,
    is_new_customer,
    attribution_data::text AS attribution_data,
    import_id
FROM attribution_events
WHERE tenant_id = any(%(tenants)s) AND occurred_at >= %(start)s AND occurred_at < %(end)s
ORDER BY occurred_at, event_id
