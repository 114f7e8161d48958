-- retention_daily: where a day's starters stopped: as retention_curves, but of shows and tenants too. Minutes without a stop
-- have no row.
CREATE VIEW bi.retention_daily WITH (security_barrier = TRUE) AS
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
