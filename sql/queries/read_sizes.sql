-- read_sizes: how large the database and its series are, indexes included; a series' chunks or partitions, and the largest.
-- Grain: one row for the database (series NULL), and one per series. Parameters: none.
SELECT
    NULL AS series,
    pg_database_size(current_database()) AS bytes,
    NULL::bigint AS chunks,
    NULL::bigint AS largest
UNION ALL
SELECT
    series.table_name AS series,
    coalesce(sum(pg_total_relation_size(pg_inherits.inhrelid)), 0)::bigint AS bytes,
    count(pg_inherits.inhrelid) AS chunks,
    coalesce(max(pg_total_relation_size(pg_inherits.inhrelid)), 0)::bigint AS largest
FROM earshot_series AS series
LEFT JOIN pg_inherits ON pg_inherits.inhparent = to_regclass('public.' || quote_ident(series.table_name))
GROUP BY series.table_name
