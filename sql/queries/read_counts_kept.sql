-- read_counts_kept: whether raw events are counted by continuous aggregates here (TimescaleDB Community, switched on).
-- Grain: one row. Parameters: none.
SELECT earshot_keeps_counts() AS is_kept
