-- metrics_by_level: the long form: one row per day, level, scope and metric; a metric that is not known has no row.
-- After: listening_daily, consumption_daily, ad_plays_daily
CREATE VIEW bi.metrics_by_level WITH (security_barrier = TRUE) AS
SELECT
    daily.day,
    daily.tenant_id,
    daily.level,
    daily.scope_id,
    long.metric_name,
    long.value
FROM bi.listening_daily AS daily
CROSS JOIN
    LATERAL (
        VALUES
        ('downloads', daily.downloads::double precision),
        ('listeners', daily.listeners::double precision),
        ('households', daily.households::double precision),
        ('new_listeners', daily.new_listeners::double precision),
        ('returning_listeners', daily.returning_listeners::double precision),
        ('playback_starts', daily.playback_starts::double precision),
        ('completion', daily.completion),
        ('heard_seconds', daily.heard_seconds),
        ('ads_delivered_pre', daily.ads_delivered_pre::double precision),
        ('ads_delivered_mid', daily.ads_delivered_mid::double precision),
        ('ads_delivered_post', daily.ads_delivered_post::double precision)
    ) AS long (metric_name, value)
WHERE long.value IS NOT NULL
UNION ALL
SELECT
    periods.day,
    periods.tenant_id,
    periods.level,
    periods.scope_id,
    long.metric_name || '_' || periods.period_kind AS metric_name,
    long.value
FROM audience_periods AS periods
CROSS JOIN
    LATERAL (
        VALUES
        ('listeners', periods.listeners::double precision),
        ('households', periods.households::double precision),
        ('new_listeners', periods.new_listeners::double precision),
        ('returning_listeners', periods.returning_listeners::double precision)
    ) AS long (metric_name, value)
WHERE
    periods.tenant_id = (SELECT visible_tenant())
    AND periods.period_kind <> 'day'
    AND long.value IS NOT NULL
UNION ALL
SELECT
    consumed.day,
    consumed.tenant_id,
    consumed.level,
    consumed.scope_id,
    long.metric_name,
    long.value
FROM bi.consumption_daily AS consumed
CROSS JOIN
    LATERAL (
        VALUES
        ('completion_25', consumed.reached_25 / nullif(consumed.measured, 0)::double precision),
        ('completion_50', consumed.reached_50 / nullif(consumed.measured, 0)::double precision),
        ('completion_75', consumed.reached_75 / nullif(consumed.measured, 0)::double precision),
        ('completion_90', consumed.reached_90 / nullif(consumed.measured, 0)::double precision),
        ('completion_100', consumed.reached_100 / nullif(consumed.measured, 0)::double precision),
        ('average_consumption', consumed.average_consumption),
        ('median_consumption', consumed.median / 100.0::double precision)
    ) AS long (metric_name, value)
WHERE long.value IS NOT NULL
UNION ALL
SELECT
    plays.day,
    plays.tenant_id,
    plays.level,
    plays.scope_id,
    long.metric_name,
    long.value
FROM bi.ad_plays_daily AS plays
CROSS JOIN
    LATERAL (
        VALUES
        ('ad_plays_started', plays.started::double precision),
        ('ad_plays_25', plays.reached_25::double precision),
        ('ad_plays_50', plays.reached_50::double precision),
        ('ad_plays_75', plays.reached_75::double precision),
        ('ad_plays_100', plays.completed::double precision)
    ) AS long (metric_name, value)
WHERE plays.level <> 'placement';
