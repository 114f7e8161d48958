-- 0014_metrics: every metric of episodes, shows and tenants where a dashboard can read it: breakdowns and consumption as
-- tables, and views over what is stored for what can be added up.

SET LOCAL ROLE earshot_owner;

-- With what, from where and when a day's downloads came. level: episode, podcast or tenant; scope_id is its id (at level
-- tenant the tenant's). dimension: app, device, os, country, region (ISO 3166-2), referrer, hour (UTC, 00 to 23).
-- share: of the scope's downloads; shares of a dimension sum to 1, unknown included. Listeners do not add up.
SELECT earshot_create_series('listener_breakdowns', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    level text NOT NULL CHECK (level IN ('episode', 'podcast', 'tenant')),
    scope_id uuid NOT NULL,
    dimension text NOT NULL,
    value text NOT NULL,
    downloads bigint NOT NULL CHECK (downloads > 0),
    listeners bigint NOT NULL CHECK (listeners > 0),
    share double precision NOT NULL CHECK (share > 0 AND share <= 1),
    rules_version text NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, level, scope_id, dimension, value)
$ddl$);

-- How many of the day's playbacks came how far, in whole percent of the duration: it can be added up over days and
-- episodes, and tells medians that averages cannot.
SELECT earshot_create_series('consumption_spread', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    podcast_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    percent integer NOT NULL CHECK (percent BETWEEN 0 AND 100),
    playbacks bigint NOT NULL CHECK (playbacks > 0),
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, episode_id, percent)
$ddl$);

DO $do$
DECLARE
    made text;
BEGIN
    FOREACH made IN ARRAY ARRAY['listener_breakdowns', 'consumption_spread'] LOOP
        PERFORM earshot_protect(format('public.%I', made)::regclass);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO earshot_etl', made);
        PERFORM earshot_create_reader(made);
    END LOOP;
END
$do$;

-- The share of the duration that half of the measured playbacks heard no more of.
ALTER TABLE episode_consumption ADD COLUMN median_consumption double precision;
DROP VIEW reader_episode_consumption;
SELECT earshot_create_reader('episode_consumption');

-- The views below show one tenant, as all that readers see. Each has a row per level: episode, podcast, tenant.

-- Downloads, exact audiences, playback and ads of a day. Listeners of shows and tenants are counted, never added up.
CREATE VIEW listening_daily WITH (security_barrier = TRUE) AS
SELECT
    played.tenant_id,
    played.day,
    played.level,
    played.scope_id,
    played.downloads,
    CASE WHEN played.level = 'episode' THEN played.listeners ELSE audience.listeners END AS listeners,
    CASE WHEN played.level = 'episode' THEN played.households ELSE audience.households END AS households,
    audience.new_listeners,
    audience.returning_listeners,
    played.playback_starts,
    played.completion,
    played.heard_seconds,
    played.ads_delivered_pre,
    played.ads_delivered_mid,
    played.ads_delivered_post,
    played.is_final
FROM (
    SELECT
        metrics.tenant_id,
        metrics.day,
        scope.level,
        scope.scope_id,
        sum(metrics.downloads)::bigint AS downloads,
        -- Only an episode has one row a day.
        max(metrics.listeners) AS listeners,
        max(metrics.households) AS households,
        sum(metrics.playback_starts)::bigint AS playback_starts,
        sum(metrics.completion * metrics.playback_starts)
        / nullif(sum(metrics.playback_starts), 0)::double precision AS completion,
        sum(metrics.heard_seconds) AS heard_seconds,
        sum(metrics.ads_delivered_pre)::bigint AS ads_delivered_pre,
        sum(metrics.ads_delivered_mid)::bigint AS ads_delivered_mid,
        sum(metrics.ads_delivered_post)::bigint AS ads_delivered_post,
        bool_and(metrics.is_final) AS is_final
    FROM listener_metrics AS metrics
    CROSS JOIN
        LATERAL (
            VALUES
            ('episode', metrics.episode_id), ('podcast', metrics.podcast_id), ('tenant', metrics.tenant_id)
        ) AS scope (level, scope_id)
    WHERE metrics.tenant_id = (SELECT visible_tenant())
    GROUP BY metrics.tenant_id, metrics.day, scope.level, scope.scope_id
) AS played
LEFT JOIN audience_periods AS audience
    ON
        played.tenant_id = audience.tenant_id
        AND played.day = audience.day
        AND audience.period_kind = 'day'
        AND played.level = audience.level
        AND played.scope_id = audience.scope_id;

-- Downloads and listeners by weekday (1: Monday) and hour (UTC) of each ISO week, in which every weekday comes once.
CREATE VIEW hours_of_week WITH (security_barrier = TRUE) AS
SELECT
    tenant_id,
    date_trunc('week', day::timestamp)::date AS week,
    day,
    level,
    scope_id,
    extract(ISODOW FROM day)::integer AS weekday,
    value::integer AS hour,
    downloads,
    listeners,
    is_final
FROM listener_breakdowns
WHERE dimension = 'hour' AND tenant_id = (SELECT visible_tenant());

-- How far a day's playbacks came. Quartiles are the percent of the duration beyond which a quarter, half and three
-- quarters did not come.
CREATE VIEW consumption_daily WITH (security_barrier = TRUE) AS
WITH spread AS (
    SELECT
        parts.tenant_id,
        parts.day,
        scope.level,
        scope.scope_id,
        parts.percent,
        sum(sum(parts.playbacks)) OVER (
            PARTITION BY parts.tenant_id, parts.day, scope.level, scope.scope_id ORDER BY parts.percent
        ) AS so_far,
        sum(sum(parts.playbacks)) OVER (PARTITION BY parts.tenant_id, parts.day, scope.level, scope.scope_id) AS measured
    FROM consumption_spread AS parts
    CROSS JOIN
        LATERAL (
            VALUES ('episode', parts.episode_id), ('podcast', parts.podcast_id), ('tenant', parts.tenant_id)
        ) AS scope (level, scope_id)
    WHERE parts.tenant_id = (SELECT visible_tenant())
    GROUP BY parts.tenant_id, parts.day, scope.level, scope.scope_id, parts.percent
),

quartiles AS (
    SELECT
        tenant_id,
        day,
        level,
        scope_id,
        min(percent) FILTER (WHERE so_far * 4 >= measured) AS lower_quartile,
        min(percent) FILTER (WHERE so_far * 2 >= measured) AS median,
        min(percent) FILTER (WHERE so_far * 4 >= measured * 3) AS upper_quartile
    FROM spread
    GROUP BY tenant_id, day, level, scope_id
),

reached AS (
    SELECT
        told.tenant_id,
        told.day,
        scope.level,
        scope.scope_id,
        sum(told.starters)::bigint AS starters,
        sum(told.measured)::bigint AS measured,
        sum(told.reached_25)::bigint AS reached_25,
        sum(told.reached_50)::bigint AS reached_50,
        sum(told.reached_75)::bigint AS reached_75,
        sum(told.reached_90)::bigint AS reached_90,
        sum(told.reached_100)::bigint AS reached_100,
        sum(told.average_consumption * told.measured)
        / nullif(sum(told.measured), 0)::double precision AS average_consumption,
        bool_and(told.is_final) AS is_final
    FROM episode_consumption AS told
    CROSS JOIN
        LATERAL (
            VALUES ('episode', told.episode_id), ('podcast', told.podcast_id), ('tenant', told.tenant_id)
        ) AS scope (level, scope_id)
    WHERE told.tenant_id = (SELECT visible_tenant())
    GROUP BY told.tenant_id, told.day, scope.level, scope.scope_id
)

SELECT
    reached.tenant_id,
    reached.day,
    reached.level,
    reached.scope_id,
    reached.starters,
    reached.measured,
    reached.reached_25,
    reached.reached_50,
    reached.reached_75,
    reached.reached_90,
    reached.reached_100,
    reached.average_consumption,
    quartiles.lower_quartile,
    quartiles.median,
    quartiles.upper_quartile,
    reached.is_final
FROM reached
LEFT JOIN quartiles
    ON
        reached.tenant_id = quartiles.tenant_id
        AND reached.day = quartiles.day
        AND reached.level = quartiles.level
        AND reached.scope_id = quartiles.scope_id;

-- Where a day's starters stopped: as retention_curves, but of shows and tenants too. Minutes without a stop have no row.
CREATE VIEW retention_daily WITH (security_barrier = TRUE) AS
SELECT
    stops.tenant_id,
    stops.day,
    stops.level,
    stops.scope_id,
    stops.minute,
    stops.stopped,
    (sum(stops.stopped) OVER scope - sum(stops.stopped) OVER earlier + stops.stopped)::bigint AS still_listening,
    sum(stops.stopped) OVER scope::bigint AS starters,
    stops.is_final
FROM (
    SELECT
        curves.tenant_id,
        curves.day,
        scope.level,
        scope.scope_id,
        curves.minute,
        sum(curves.stopped)::bigint AS stopped,
        bool_and(curves.is_final) AS is_final
    FROM retention_curves AS curves
    CROSS JOIN
        LATERAL (
            VALUES ('episode', curves.episode_id), ('podcast', curves.podcast_id), ('tenant', curves.tenant_id)
        ) AS scope (level, scope_id)
    WHERE curves.tenant_id = (SELECT visible_tenant())
    GROUP BY curves.tenant_id, curves.day, scope.level, scope.scope_id, curves.minute
) AS stops
WINDOW
    scope AS (PARTITION BY stops.tenant_id, stops.day, stops.level, stops.scope_id),
    earlier AS (PARTITION BY stops.tenant_id, stops.day, stops.level, stops.scope_id ORDER BY stops.minute);

-- Ad plays that client beacons confirm, of placements too; apart from delivery.
CREATE VIEW ad_plays_daily WITH (security_barrier = TRUE) AS
SELECT
    plays.tenant_id,
    plays.day,
    scope.level,
    scope.scope_id,
    sum(plays.started)::bigint AS started,
    sum(plays.reached_25)::bigint AS reached_25,
    sum(plays.reached_50)::bigint AS reached_50,
    sum(plays.reached_75)::bigint AS reached_75,
    sum(plays.completed)::bigint AS completed,
    sum(plays.skipped)::bigint AS skipped,
    bool_and(plays.is_final) AS is_final
FROM ad_plays AS plays
CROSS JOIN
    LATERAL (
        VALUES
        ('placement', plays.placement_id),
        ('episode', plays.episode_id),
        ('podcast', plays.podcast_id),
        ('tenant', plays.tenant_id)
    ) AS scope (level, scope_id)
WHERE plays.tenant_id = (SELECT visible_tenant())
GROUP BY plays.tenant_id, plays.day, scope.level, scope.scope_id;

-- Downloads by whole hours since release, over the first 30 days and all days so far.
CREATE VIEW pacing_curves WITH (security_barrier = TRUE) AS
SELECT
    hours.tenant_id,
    hours.level,
    hours.scope_id,
    hours.hour,
    hours.downloads,
    sum(hours.downloads) OVER (
        PARTITION BY hours.tenant_id, hours.level, hours.scope_id ORDER BY hours.hour
    )::bigint AS downloads_so_far
FROM (
    SELECT
        pacing.tenant_id,
        scope.level,
        scope.scope_id,
        pacing.hour,
        sum(pacing.downloads)::bigint AS downloads
    FROM episode_pacing AS pacing
    CROSS JOIN
        LATERAL (
            VALUES ('episode', pacing.episode_id), ('podcast', pacing.podcast_id), ('tenant', pacing.tenant_id)
        ) AS scope (level, scope_id)
    WHERE pacing.tenant_id = (SELECT visible_tenant()) AND pacing.hour < 720
    GROUP BY pacing.tenant_id, scope.level, scope.scope_id, pacing.hour
) AS hours;

-- As of a day, downloads at an age of the episodes that are old enough for it: how many episodes, and how they spread.
CREATE VIEW age_benchmarks WITH (security_barrier = TRUE) AS
SELECT
    ages.tenant_id,
    ages.day,
    scope.level,
    scope.scope_id,
    ages.age_days,
    count(*) AS episodes,
    sum(ages.downloads)::bigint AS downloads,
    avg(ages.downloads)::double precision AS average,
    percentile_cont(0.25) WITHIN GROUP (ORDER BY ages.downloads) AS lower_quartile,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY ages.downloads) AS median,
    percentile_cont(0.75) WITHIN GROUP (ORDER BY ages.downloads) AS upper_quartile
FROM episode_age_downloads AS ages
CROSS JOIN
    LATERAL (VALUES ('podcast', ages.podcast_id), ('tenant', ages.tenant_id)) AS scope (level, scope_id)
WHERE ages.tenant_id = (SELECT visible_tenant()) AND ages.downloads IS NOT NULL
GROUP BY ages.tenant_id, ages.day, scope.level, scope.scope_id, ages.age_days;

-- The long form: one row per day, level, scope and metric; a metric that is not known has no row.
CREATE VIEW metrics_by_level WITH (security_barrier = TRUE) AS
SELECT
    daily.day,
    daily.tenant_id,
    daily.level,
    daily.scope_id,
    long.metric_name,
    long.value
FROM listening_daily AS daily
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
FROM consumption_daily AS consumed
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
FROM ad_plays_daily AS plays
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

-- Episodes only, with the columns that dashboards expect.
CREATE OR REPLACE VIEW metrics_daily WITH (security_barrier = TRUE) AS
SELECT
    day,
    tenant_id,
    scope_id AS episode_id,
    metric_name,
    value
FROM metrics_by_level
WHERE level = 'episode';

GRANT SELECT ON
listening_daily, hours_of_week, consumption_daily, retention_daily, ad_plays_daily, pacing_curves, age_benchmarks,
metrics_by_level
TO earshot_report, earshot_readonly, earshot_etl;
