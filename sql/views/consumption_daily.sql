-- consumption_daily: how far a day's playbacks came. Quartiles are the percent of the duration beyond which a quarter, half and
-- three quarters did not come.
CREATE VIEW bi.consumption_daily WITH (security_barrier = TRUE) AS
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
        consumed.tenant_id,
        consumed.day,
        scope.level,
        scope.scope_id,
        sum(consumed.starters)::bigint AS starters,
        sum(consumed.measured)::bigint AS measured,
        sum(consumed.reached_25)::bigint AS reached_25,
        sum(consumed.reached_50)::bigint AS reached_50,
        sum(consumed.reached_75)::bigint AS reached_75,
        sum(consumed.reached_90)::bigint AS reached_90,
        sum(consumed.reached_100)::bigint AS reached_100,
        sum(consumed.average_consumption * consumed.measured)
        / nullif(sum(consumed.measured), 0)::double precision AS average_consumption,
        bool_and(consumed.is_final) AS is_final
    FROM episode_consumption AS consumed
    CROSS JOIN
        LATERAL (
            VALUES ('episode', consumed.episode_id), ('podcast', consumed.podcast_id), ('tenant', consumed.tenant_id)
        ) AS scope (level, scope_id)
    WHERE consumed.tenant_id = (SELECT visible_tenant())
    GROUP BY consumed.tenant_id, consumed.day, scope.level, scope.scope_id
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
