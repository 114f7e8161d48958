-- episode_new_listeners: listeners of an episode by the day of their first counted download of it.
-- They may be added up over days: a listener is new to an episode once. Those of shows and tenants are in audience_periods.
CREATE VIEW bi.episode_new_listeners WITH (security_barrier = TRUE) AS
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
