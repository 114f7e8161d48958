-- read_reach_sizes: impressions of the campaigns' placements in [start, end), with since_start from the UTC day of each
-- campaign's start on. A campaign is named by its place in the two lists of ids, which belong together.
-- Whole days whose delivery was counted after their exposures last changed are taken from it, the rest is counted anew.
-- Grain: one row per placement, its day NULL; with by_day one row per placement and UTC day. Parameters: start, end
-- (timestamptz), first, last (date: the UTC days that they touch), whole_first, whole_last (date: those that lie inside
-- whole; the first after the last where none does), by_day, since_start (boolean), tenants (uuid[]), owners, campaigns
-- (uuid[]).
-- Joins: by hash.
WITH requested AS (
    SELECT
        campaigns.tenant_id,
        campaigns.campaign_id,
        campaigns.starts_on
    FROM unnest(%(owners)s::uuid[], %(campaigns)s::uuid[]) AS named (tenant_id, campaign_id)
    INNER JOIN campaigns ON named.tenant_id = campaigns.tenant_id AND named.campaign_id = campaigns.campaign_id
    WHERE campaigns.tenant_id = any(%(tenants)s)
),

counted AS (
    SELECT
        delivery.tenant_id,
        delivery.day
    FROM rollup_ledger AS delivery
    INNER JOIN rollup_ledger AS exposures
        ON delivery.tenant_id = exposures.tenant_id AND delivery.day = exposures.day AND exposures.asset = 'ad_exposures'
    WHERE
        delivery.asset = 'placement_delivery'
        AND delivery.tenant_id = any(%(tenants)s)
        AND delivery.day BETWEEN %(whole_first)s AND %(whole_last)s
        AND delivery.began_at >= exposures.changed_at
),

uncounted AS (
    SELECT
        owners.tenant_id,
        days.day::date AS day
    FROM (SELECT DISTINCT tenant_id FROM requested) AS owners
    CROSS JOIN generate_series(%(first)s::timestamp, %(last)s::timestamp, interval '1 day') AS days (day)
    WHERE NOT EXISTS (
        SELECT FROM counted
        WHERE counted.tenant_id = owners.tenant_id AND counted.day = days.day::date
    )
)

SELECT
    delivered.tenant_id,
    delivered.campaign_id,
    delivered.placement_id,
    CASE WHEN %(by_day)s THEN delivered.day END AS day,
    sum(delivered.impressions)::bigint AS impressions
FROM (
    SELECT
        delivery.tenant_id,
        delivery.campaign_id,
        delivery.placement_id,
        delivery.day,
        delivery.impressions
    FROM placement_delivery AS delivery
    INNER JOIN requested
        ON
            delivery.tenant_id = requested.tenant_id
            AND delivery.campaign_id = requested.campaign_id
            AND (delivery.day >= requested.starts_on OR NOT %(since_start)s)
    WHERE
        delivery.tenant_id = any(%(tenants)s)
        AND delivery.day BETWEEN %(whole_first)s AND %(whole_last)s
        -- Rather than a join to counted: of those days there are few or none, so that a bad plan costs little.
        AND NOT EXISTS (
            SELECT FROM uncounted
            WHERE uncounted.tenant_id = delivery.tenant_id AND uncounted.day = delivery.day
        )
    UNION ALL
    SELECT
        exposures.tenant_id,
        exposures.campaign_id,
        exposures.placement_id,
        exposures.day,
        count(*) AS impressions
    FROM ad_exposures AS exposures
    INNER JOIN uncounted ON exposures.tenant_id = uncounted.tenant_id AND exposures.day = uncounted.day
    INNER JOIN requested
        ON
            exposures.tenant_id = requested.tenant_id
            AND exposures.campaign_id = requested.campaign_id
            AND (exposures.day >= requested.starts_on OR NOT %(since_start)s)
    WHERE
        exposures.tenant_id = any(%(tenants)s)
        AND exposures.occurred_at >= %(start)s AND exposures.occurred_at < %(end)s
        AND exposures.occurred_at >= (SELECT min(earliest.day)::timestamp AT TIME ZONE 'UTC' FROM uncounted AS earliest)
        AND exposures.kind <> 'click'
    GROUP BY exposures.tenant_id, exposures.campaign_id, exposures.placement_id, exposures.day
) AS delivered
GROUP BY delivered.tenant_id, delivered.campaign_id, delivered.placement_id, CASE WHEN %(by_day)s THEN delivered.day END
