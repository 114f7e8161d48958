-- in_seconds_bounds: seconds: finite, and less than four months either way. NaN is greater than every number. True of NULL.
CREATE OR REPLACE FUNCTION in_seconds_bounds(seconds double precision) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN seconds IS NULL OR seconds BETWEEN -10000000 AND 10000000;
