-- explain_spend: how much of each placement's price belongs to [start, end), and what was booked and delivered of it.
-- Grain: one row per placement and episode that cost something, or per placement that cost nothing. A baked-in ad costs
-- its part when the episode airs, a dynamic one as it is delivered: what was earned by the end less what was by the start,
-- shared among the episodes by what each delivered. spend_minor is NULL where a price, or the number that it buys, is not
-- known. delivered_before: since the first campaign began.
-- placements, episodes: those to keep to; NULL: all.
-- Parameters: start, end, since (timestamptz), campaigns, placements, episodes (uuid[]).
WITH booked AS (
    SELECT
        placements.*,
        cost_minor IS NULL OR (kind = 'dynamic' AND booked_impressions IS NULL) AS is_unknown
    FROM bi.placements
    WHERE campaign_id = any(%(campaigns)s::uuid[])
),

delivered AS (
    SELECT
        placement_id,
        episode_id,
        count(*) FILTER (WHERE occurred_at < %(start)s) AS earlier,
        count(*) FILTER (WHERE occurred_at >= %(start)s) AS now
    FROM bi.ad_exposures
    WHERE
        occurred_at >= %(since)s
        AND occurred_at < %(end)s
        AND campaign_id = any(%(campaigns)s::uuid[])
        AND kind <> 'click'
    GROUP BY placement_id, episode_id
),

totals AS (
    SELECT
        placement_id,
        sum(earlier) AS earlier,
        sum(now) AS now
    FROM delivered
    GROUP BY placement_id
),

-- Half-up, never more than the price.
due AS (
    SELECT
        booked.placement_id,
        totals.now,
        div(2::numeric * cost_minor * least(earlier + now, booked_impressions) + booked_impressions, 2 * booked_impressions)
        - div(2::numeric * cost_minor * least(earlier, booked_impressions) + booked_impressions, 2 * booked_impressions)
            AS spend_minor
    FROM booked
    INNER JOIN totals ON booked.placement_id = totals.placement_id
    WHERE booked.kind = 'dynamic' AND NOT booked.is_unknown
),

dynamic AS (
    SELECT
        parts.placement_id,
        parts.episode_id,
        parts.whole + CASE
            WHEN
                row_number() OVER (PARTITION BY parts.placement_id ORDER BY parts.rest DESC, parts.episode_id ASC)
                <= parts.spend_minor - sum(parts.whole) OVER (PARTITION BY parts.placement_id)
                THEN 1
            ELSE 0
        END AS spend_minor
    FROM (
        SELECT
            due.placement_id,
            delivered.episode_id,
            due.spend_minor,
            div(due.spend_minor * delivered.now, due.now) AS whole,
            round(mod(due.spend_minor * delivered.now, due.now) / due.now, 6) AS rest
        FROM due
        INNER JOIN delivered ON due.placement_id = delivered.placement_id
        WHERE delivered.now > 0
    ) AS parts
),

-- Equal parts per episode; the minor units left over go to the first to air.
baked_in AS (
    SELECT
        airings.placement_id,
        airings.episode_id,
        airings.aired_at,
        booked.cost_minor,
        count(*) OVER (PARTITION BY airings.placement_id) AS parts,
        row_number() OVER (PARTITION BY airings.placement_id ORDER BY airings.aired_at, airings.episode_id) AS place
    FROM bi.placement_episodes AS airings
    INNER JOIN booked ON airings.placement_id = booked.placement_id
    WHERE booked.kind = 'baked_in' AND NOT booked.is_unknown
),

spent AS (
    SELECT
        placement_id,
        episode_id,
        spend_minor
    FROM dynamic
    WHERE spend_minor > 0
    UNION ALL
    SELECT
        placement_id,
        episode_id,
        cost_minor / parts + CASE WHEN place <= mod(cost_minor, parts) THEN 1 ELSE 0 END AS spend_minor
    FROM baked_in
    WHERE aired_at >= %(start)s AND aired_at < %(end)s AND cost_minor > 0
)

SELECT
    campaigns.name AS campaign,
    booked.name AS placement,
    episodes.title AS episode,
    booked.kind,
    booked.cost_minor,
    campaigns.currency::text AS currency,
    booked.booked_impressions,
    coalesce(totals.earlier, 0)::bigint AS delivered_before,
    coalesce(totals.now, 0)::bigint AS delivered,
    CASE WHEN NOT booked.is_unknown THEN coalesce(spent.spend_minor, 0)::bigint END AS spend_minor,
    booked.placement_id::text AS placement_id,
    spent.episode_id::text AS episode_id
FROM booked
INNER JOIN bi.campaigns ON booked.campaign_id = campaigns.campaign_id
LEFT JOIN totals ON booked.placement_id = totals.placement_id
LEFT JOIN spent ON booked.placement_id = spent.placement_id
LEFT JOIN bi.episodes ON spent.episode_id = episodes.episode_id
WHERE
    (%(placements)s::uuid[] IS NULL OR booked.placement_id = any(%(placements)s::uuid[]))
    AND (
        %(episodes)s::uuid[] IS NULL
        OR spent.episode_id IS NULL
        OR spent.episode_id = any(%(episodes)s::uuid[])
    )
