-- read_archive_listener_events: every column of the rows of one tenant in [start, end), as an archive keeps them.
-- Grain: one row of listener_events, in the order of its key. Parameters: start, end (timestamptz), tenants (uuid[]).
SELECT
    tenant_id,
    event_id,
    occurred_at,
    received_at,
    source,
    event_type,
    podcast_id,
    episode_id,
    asset_id,
    session_id,
    listener_id,
    client_ip::text AS client_ip,
    household_key,
    key_version,
    user_agent,
    referrer,
    platform,
    country_code,
    region_code,
    asn,
    http_method,
    http_status,
    range_start,
    range_end,
    bytes_sent,
    position_seconds,
    heard_seconds,
    event_data::text AS event_data,
    import_id
FROM listener_events
WHERE tenant_id = any(%(tenants)s) AND occurred_at >= %(start)s AND occurred_at < %(end)s
ORDER BY occurred_at, event_id
