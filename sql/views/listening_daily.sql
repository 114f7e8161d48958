-- listening_daily: downloads, exact audiences, playback and ads of a day, by episode, show and tenant.
-- Listeners of shows and tenants are counted, never added up. Completion is the share of playbacks heard to the end, among
-- those whose full length is known: of an episode without a duration nobody knows it, and its playbacks must not count as if
-- they had been broken off.
CREATE VIEW bi.listening_daily WITH (security_barrier = TRUE) AS
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
        / nullif(sum(metrics.playback_starts) FILTER (WHERE metrics.completion IS NOT NULL), 0)::double precision
            AS completion,
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
