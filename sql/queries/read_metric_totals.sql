-- read_metric_totals: downloads and hours heard of a day over all tenants, whichever runs computed them.
-- Grain: one row. Parameters: day (date).
SELECT
    coalesce(sum(downloads), 0)::bigint AS downloads,
    coalesce(sum(heard_seconds), 0)::double precision / 3600 AS heard_hours
FROM listener_metrics
WHERE day = %(day)s
