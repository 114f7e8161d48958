-- read_ad_signals: explicit impressions and clicks of a known placement with occurred_at in [start, end).
-- The episode is the one that the event names, else the one in which the placement had aired last by then, else the
-- first one in which it airs. Grain: one row per event. Parameters: start, end (timestamptz), tenants (uuid[]).
SELECT
    events.tenant_id,
    events.event_id,
    events.occurred_at,
    events.kind,
    campaigns.sponsor_id,
    placements.campaign_id,
    placements.placement_id,
    placements.position,
    placements.kind AS insertion,
    episodes.podcast_id,
    episodes.episode_id,
    host(events.client_ip) AS client_ip,
    events.user_agent,
    events.household_key,
    events.listener_key,
    events.listener_id
FROM attribution_events AS events
INNER JOIN placements
    ON events.tenant_id = placements.tenant_id AND events.placement_id = placements.placement_id
INNER JOIN campaigns
    ON placements.tenant_id = campaigns.tenant_id AND placements.campaign_id = campaigns.campaign_id
LEFT JOIN LATERAL (
    SELECT aired.episode_id
    FROM placement_episodes AS aired
    WHERE
        events.episode_id IS NULL
        AND aired.tenant_id = events.tenant_id AND aired.placement_id = events.placement_id
    ORDER BY
        aired.aired_at > events.occurred_at,
        abs(extract(EPOCH FROM aired.aired_at - events.occurred_at)),
        aired.episode_id
    LIMIT 1
) AS aired ON TRUE
INNER JOIN episodes
    ON events.tenant_id = episodes.tenant_id AND coalesce(events.episode_id, aired.episode_id) = episodes.episode_id
WHERE
    events.tenant_id = any(%(tenants)s)
    AND events.occurred_at >= %(start)s AND events.occurred_at < %(end)s
    AND events.kind IN ('impression', 'click')
