-- in_money_bounds: an amount in minor units: up to ten thousand million of a currency with cents. True of NULL.
-- Nine million rows with the highest amount still add up to less than 2^63 (9.2 * 10^18), and an amount times a rate or a
-- share stays exact enough. This bound and the others are written so that the planner can put them in place of their call,
-- and the statements that read raw rows use the same ones to leave out what came past the constraints.
CREATE OR REPLACE FUNCTION in_money_bounds(minor bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN minor IS NULL OR minor BETWEEN -1000000000000 AND 1000000000000;
