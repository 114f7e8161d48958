-- in_calendar_bounds: when something was published, starts or ends: from 1900 to 2200. True of NULL.
CREATE OR REPLACE FUNCTION in_calendar_bounds(moment timestamptz) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN moment IS NULL OR (
    moment >= '1900-01-01 00:00:00+00'::timestamptz AND moment < '2201-01-01 00:00:00+00'::timestamptz
);

CREATE OR REPLACE FUNCTION in_calendar_bounds(day date) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN day IS NULL OR (day >= '1900-01-01'::date AND day < '2201-01-01'::date);
