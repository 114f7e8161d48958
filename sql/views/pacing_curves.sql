-- pacing_curves: downloads by whole hours since release, over the first 30 days and all days so far.
CREATE VIEW bi.pacing_curves WITH (security_barrier = TRUE) AS
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
