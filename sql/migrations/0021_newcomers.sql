-- 0021_newcomers: whom an episode brought on which day, told from its downloads.

SET LOCAL ROLE earshot_owner;

-- Listeners of an episode by the day of their first counted download of it. They may be added up over days: a listener is
-- new to an episode once. Those of shows and tenants are in audience_periods.
CREATE VIEW episode_newcomers WITH (security_barrier = TRUE) AS
SELECT
    firsts.tenant_id,
    firsts.podcast_id,
    firsts.episode_id,
    firsts.day,
    count(*) AS new_listeners
FROM (
    SELECT
        tenant_id,
        podcast_id,
        episode_id,
        consumer_key,
        min(day) AS day
    FROM downloads
    WHERE tenant_id = (SELECT visible_tenant())
    GROUP BY tenant_id, podcast_id, episode_id, consumer_key
) AS firsts
GROUP BY firsts.tenant_id, firsts.podcast_id, firsts.episode_id, firsts.day;
GRANT SELECT ON episode_newcomers TO earshot_report, earshot_readonly, earshot_etl;
