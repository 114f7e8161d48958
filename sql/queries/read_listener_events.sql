-- read_listener_events: raw rows of the scoped tenants with occurred_at in [start, end).
-- Rows outside the bounds of an entry are left out; check_rows_plausible counts them.
-- An imported row stands for what it was imported as; the importer says so in event_data, else it is a server log.
-- Grain: one row per event. Order is not guaranteed. Parameters: start, end (timestamptz), tenants (uuid[]).
SELECT
    tenant_id,
    event_id,
    occurred_at,
    CASE
        WHEN source <> 'import' THEN source
        WHEN event_data ->> 'imported_as' IN ('server_log', 'prefix', 'client') THEN event_data ->> 'imported_as'
        ELSE 'server_log'
    END AS source,
    event_type,
    episode_id,
    asset_id,
    session_id,
    listener_id,
    host(client_ip) AS client_ip,
    household_key,
    key_version,
    user_agent,
    referrer,
    country_code::text AS country_code,
    region_code,
    http_method,
    http_status,
    range_start,
    range_end,
    bytes_sent,
    position_seconds,
    heard_seconds
FROM listener_events
WHERE
    tenant_id = any(%(tenants)s)
    AND occurred_at >= %(start)s AND occurred_at < %(end)s
    AND request_in_bounds(
        occurred_at, received_at, range_start, range_end, bytes_sent, position_seconds, heard_seconds
    )
