-- signal_in_bounds: a raw row of attribution_events that no number of ours can be hurt by.
-- After: in_event_time_bounds, in_money_bounds
CREATE OR REPLACE FUNCTION signal_in_bounds(
    occurred_at timestamptz, received_at timestamptz, value_minor bigint
) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN in_event_time_bounds(occurred_at) AND in_event_time_bounds(received_at) AND in_money_bounds(value_minor);
