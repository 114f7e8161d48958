-- read_ad_signals: explicit impressions and clicks of a known placement or campaign with occurred_at in [start, end).
-- An event that names a campaign alone is of that campaign's placement that airs in the event's episode, if it names one,
-- that is in its flight, and that was on the air last by then. The episode is the one that the event names, else the one
-- in which the placement had aired last by then, else the first one in which it airs; a dynamic placement that lists no
-- episodes airs in every episode of its show. An event that was delivered several times, under whatever times, counts as
-- its earliest delivery; rows outside the bounds of an entry are left out. What cannot be placed is left out; read_status counts it.
-- Grain: one row per event. Parameters: start, end (timestamptz), tenants (uuid[]).
WITH named AS (
    SELECT
        events.*,
        coalesce(
            events.placement_id,
            (
                SELECT ours.placement_id
                FROM placements AS ours
                LEFT JOIN LATERAL (
                    SELECT
                        count(*) AS episodes,
                        max(listed.aired_at) FILTER (WHERE listed.aired_at <= events.occurred_at) AS last_at,
                        bool_or(listed.episode_id = events.episode_id) AS airs_in_it
                    FROM placement_episodes AS listed
                    WHERE listed.tenant_id = ours.tenant_id AND listed.placement_id = ours.placement_id
                ) AS listed ON TRUE
                LEFT JOIN LATERAL (
                    SELECT
                        count(*) AS episodes,
                        max(shown.published_at) FILTER (WHERE shown.published_at <= events.occurred_at) AS last_at,
                        bool_or(shown.episode_id = events.episode_id) AS airs_in_it
                    FROM episodes AS shown
                    WHERE
                        ours.kind = 'dynamic' AND listed.episodes = 0
                        AND shown.tenant_id = ours.tenant_id AND shown.podcast_id = ours.podcast_id
                ) AS shown ON TRUE
                WHERE
                    ours.tenant_id = events.tenant_id AND ours.campaign_id = events.campaign_id
                    AND (events.episode_id IS NOT NULL OR listed.episodes + shown.episodes > 0)
                ORDER BY
                    coalesce(listed.airs_in_it, shown.airs_in_it, FALSE) DESC,
                    (events.occurred_at AT TIME ZONE 'UTC')::date BETWEEN ours.flight_start AND ours.flight_end DESC,
                    coalesce(listed.last_at, shown.last_at) DESC NULLS LAST,
                    ours.placement_id
                LIMIT 1
            )
        ) AS named_placement
    FROM attribution_events AS events
    WHERE
        events.tenant_id = any(%(tenants)s)
        AND events.occurred_at >= %(start)s AND events.occurred_at < %(end)s
        AND events.kind IN ('impression', 'click')
        AND signal_in_bounds(events.occurred_at, events.received_at, events.value_minor)
        AND NOT EXISTS (
            SELECT 1
            FROM attribution_deliveries AS before
            INNER JOIN attribution_events AS first
                ON
                    before.tenant_id = first.tenant_id
                    AND before.event_id = first.event_id
                    AND before.occurred_at = first.occurred_at
            WHERE
                before.tenant_id = events.tenant_id
                AND before.event_id = events.event_id
                AND before.occurred_at < events.occurred_at
                AND first.kind IN ('impression', 'click')
                AND signal_in_bounds(first.occurred_at, first.received_at, first.value_minor)
        )
),

placed AS (
    SELECT
        named.*,
        placements.campaign_id AS placed_campaign,
        placements.position,
        placements.kind AS insertion,
        coalesce(
            named.episode_id,
            (
                SELECT aired.episode_id
                FROM placement_episodes AS aired
                WHERE aired.tenant_id = named.tenant_id AND aired.placement_id = named.named_placement
                ORDER BY
                    aired.aired_at > named.occurred_at,
                    abs(extract(EPOCH FROM aired.aired_at - named.occurred_at)),
                    aired.episode_id
                LIMIT 1
            ),
            CASE WHEN placements.kind = 'dynamic' THEN
                coalesce(
                    (
                        SELECT shown.episode_id
                        FROM episodes AS shown
                        WHERE
                            shown.tenant_id = named.tenant_id AND shown.podcast_id = placements.podcast_id
                            AND shown.published_at <= named.occurred_at
                        ORDER BY shown.published_at DESC, shown.episode_id ASC
                        LIMIT 1
                    ),
                    (
                        SELECT shown.episode_id
                        FROM episodes AS shown
                        WHERE shown.tenant_id = named.tenant_id AND shown.podcast_id = placements.podcast_id
                        ORDER BY shown.published_at ASC, shown.episode_id ASC
                        LIMIT 1
                    )
                )
            END
        ) AS placed_episode
    FROM named
    INNER JOIN placements
        ON named.tenant_id = placements.tenant_id AND named.named_placement = placements.placement_id
)

SELECT
    placed.tenant_id,
    placed.event_id,
    placed.occurred_at,
    placed.kind,
    campaigns.sponsor_id,
    placed.placed_campaign AS campaign_id,
    placed.named_placement AS placement_id,
    placed.position,
    placed.insertion,
    episodes.podcast_id,
    episodes.episode_id,
    host(placed.client_ip) AS client_ip,
    placed.user_agent,
    placed.household_key,
    placed.listener_key,
    placed.listener_id
FROM placed
INNER JOIN campaigns ON placed.tenant_id = campaigns.tenant_id AND placed.placed_campaign = campaigns.campaign_id
INNER JOIN episodes ON placed.tenant_id = episodes.tenant_id AND placed.placed_episode = episodes.episode_id
