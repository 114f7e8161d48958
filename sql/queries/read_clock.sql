-- read_clock: the database's clock. Grain: one row. Parameters: none.
SELECT clock_timestamp() AS now
