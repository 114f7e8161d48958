-- read_fx_rates: the rates of the UTC days first to last, both included.
-- Grain: one row per day and pair: units of quote for one unit of base, as text. Parameters: first, last (date).
SELECT
    day,
    base::text AS base,
    quote::text AS quote,
    rate::text AS rate
FROM fx_rates
WHERE day >= %(first)s AND day <= %(last)s
