-- in_event_time_bounds: when something happened or was received: from 2000 to 2099. True of NULL.
CREATE OR REPLACE FUNCTION in_event_time_bounds(moment timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN moment IS NULL OR (
    moment >= '2000-01-01 00:00:00+00'::timestamptz AND moment < '2100-01-01 00:00:00+00'::timestamptz
);
