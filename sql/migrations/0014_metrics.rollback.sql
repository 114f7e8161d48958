-- Takes back 0014_metrics, and every row it held.
SET LOCAL ROLE earshot_owner;
DROP VIEW metrics_daily;
DROP VIEW metrics_by_level;
DROP VIEW age_benchmarks;
DROP VIEW pacing_curves;
DROP VIEW ad_plays_daily;
DROP VIEW retention_daily;
DROP VIEW consumption_daily;
DROP VIEW hours_of_week;
DROP VIEW listening_daily;
CREATE VIEW metrics_daily WITH (security_barrier = true) AS
SELECT
    metrics.day,
    metrics.tenant_id,
    metrics.episode_id,
    long.metric_name,
    long.value
FROM listener_metrics AS metrics
CROSS JOIN
    LATERAL (
        VALUES
        ('downloads', metrics.downloads::double precision),
        ('listeners', metrics.listeners::double precision),
        ('households', metrics.households::double precision),
        ('playback_starts', metrics.playback_starts::double precision),
        ('completion', metrics.completion),
        ('heard_seconds', metrics.heard_seconds),
        ('ads_delivered_pre', metrics.ads_delivered_pre::double precision),
        ('ads_delivered_mid', metrics.ads_delivered_mid::double precision),
        ('ads_delivered_post', metrics.ads_delivered_post::double precision)
    ) AS long (metric_name, value)
WHERE metrics.tenant_id = (SELECT visible_tenant());
GRANT SELECT ON metrics_daily TO earshot_report, earshot_readonly, earshot_etl;
DROP VIEW reader_episode_consumption;
ALTER TABLE episode_consumption DROP COLUMN median_consumption;
SELECT earshot_create_reader('episode_consumption');
DROP VIEW reader_consumption_spread;
DROP VIEW reader_listener_breakdowns;
DROP TABLE consumption_spread;
DROP TABLE listener_breakdowns;
DELETE FROM earshot_series WHERE table_name IN ('listener_breakdowns', 'consumption_spread');
