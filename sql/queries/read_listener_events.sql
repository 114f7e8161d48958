-- read_listener_events: raw rows of the scoped tenants with occurred_at in [start, end).
-- Rows outside the bounds of an entry are left out; check_rows_plausible counts them.
-- An imported row stands for what it was imported as; the importer says so in event_data, else it is a server log.
-- Of a day that is measured in shards, the rows of one: all requests of a household are in the same shard, and all
-- events of a playback. A household is that of assets/listening/identity/address_parsing.py: an IPv4 address in full, also
-- one that is written as IPv6, of an IPv6 address its /64 network; without an address, the platform's key.
-- Grain: one row per event. Order is not guaranteed.
-- Parameters: start, end (timestamptz), tenants (uuid[]), shard (integer, from 0), shards (integer; 1: all rows).
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
    AND (
        %(shards)s = 1
        OR mod(
            2147483648 + hashtext(coalesce(
                CASE
                    WHEN
                        event_type NOT IN ('download', 'stream')
                        OR source = 'client'
                        OR (source = 'import' AND event_data ->> 'imported_as' = 'client')
                        THEN coalesce(session_id, listener_id)
                    WHEN client_ip IS NULL THEN household_key::text
                    WHEN host(client_ip) LIKE '::ffff:%%.%%' THEN substr(host(client_ip), 8)
                    WHEN family(client_ip) = 4 THEN host(client_ip)
                    ELSE host(network(set_masklen(client_ip, 64)))
                END,
                event_id::text
            )),
            %(shards)s
        ) = %(shard)s
    )
