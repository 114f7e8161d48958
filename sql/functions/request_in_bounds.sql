-- request_in_bounds: a raw row of listener_events that no number of ours can be hurt by.
-- After: in_event_time_bounds, in_byte_bounds, in_seconds_bounds
CREATE OR REPLACE FUNCTION request_in_bounds(
    occurred_at timestamptz,
    received_at timestamptz,
    range_start bigint,
    range_end bigint,
    bytes_sent bigint,
    position_seconds double precision,
    heard_seconds double precision
) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN in_event_time_bounds(occurred_at) AND in_event_time_bounds(received_at)
    AND in_byte_bounds(range_start) AND in_byte_bounds(range_end) AND in_byte_bounds(bytes_sent)
    AND in_seconds_bounds(position_seconds) AND in_seconds_bounds(heard_seconds);
