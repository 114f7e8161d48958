-- ad_plays_daily: ad plays of a day that client beacons confirm, of placements too; apart from delivery.
CREATE VIEW bi.ad_plays_daily WITH (security_barrier = TRUE) AS
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
