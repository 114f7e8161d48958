-- in_byte_bounds: a number of bytes or a place in a file: a terabyte, so that nine million still add up to less than 2^63.
-- Negative ones are let in where a log may say them: they are a disposition (malformed). True of NULL.
CREATE OR REPLACE FUNCTION in_byte_bounds(bytes bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN bytes IS NULL OR bytes BETWEEN -1000000000000 AND 1000000000000;
