-- read_playback: what client players reported of listening and ads, with occurred_at in [start, end).
-- Rows outside the bounds of an entry are left out; check_rows_plausible counts them.
-- placement_id and percent (how much of the ad was heard) come from event_data; what is no id or number there is NULL.
-- Grain: one row per event. Parameters: start, end (timestamptz), tenants (uuid[]).
SELECT
    tenant_id,
    event_id,
    event_type,
    episode_id,
    asset_id,
    session_id,
    listener_id,
    position_seconds,
    heard_seconds,
    CASE
        WHEN event_data ->> 'placement_id' ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
            THEN (event_data ->> 'placement_id')::uuid
    END AS placement_id,
    CASE
        WHEN event_data ->> 'percent' ~ '^[0-9]{1,3}([.][0-9]{1,6})?$' THEN (event_data ->> 'percent')::double precision
    END AS percent
FROM listener_events
WHERE
    tenant_id = any(%(tenants)s)
    AND occurred_at >= %(start)s AND occurred_at < %(end)s
    AND request_in_bounds(
        occurred_at, received_at, range_start, range_end, bytes_sent, position_seconds, heard_seconds
    )
    AND event_type IN (
        'listen_start', 'listen_progress', 'listen_complete', 'skip', 'ad_start', 'ad_progress', 'ad_complete', 'ad_skip'
    )
