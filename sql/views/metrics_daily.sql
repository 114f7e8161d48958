-- metrics_daily: the long form of episodes only, with the columns that dashboards expect.
-- After: metrics_by_level
CREATE VIEW bi.metrics_daily WITH (security_barrier = TRUE) AS
SELECT
    day,
    tenant_id,
    scope_id AS episode_id,
    metric_name,
    value
FROM bi.metrics_by_level
WHERE level = 'episode';
