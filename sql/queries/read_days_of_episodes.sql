-- read_days_of_episodes: the days on which episodes were downloaded, as computed.
-- Grain: one row per day. Parameters: tenant (uuid), episodes (uuid[]).
SELECT DISTINCT day
FROM listener_metrics
WHERE tenant_id = %(tenant)s AND episode_id = any(%(episodes)s)
