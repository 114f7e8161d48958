-- age_benchmarks: as of a day, downloads at an age of the episodes that are old enough for it: how many episodes, and how they spread.
CREATE VIEW bi.age_benchmarks WITH (security_barrier = TRUE) AS
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
