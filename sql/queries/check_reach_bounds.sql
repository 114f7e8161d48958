-- check_reach_bounds: campaigns that reached more households than their placements together, or fewer than one of them.
-- Grain: one row per offending tenant. Parameters: day (date), tenants (uuid[]).
WITH levels AS (
    SELECT
        tenant_id,
        campaign_id,
        max(households) FILTER (WHERE level = 'campaign') AS households,
        sum(households) FILTER (WHERE level = 'placement') AS most,
        max(households) FILTER (WHERE level = 'placement') AS least
    FROM campaign_reach
    WHERE tenant_id = any(%(tenants)s) AND day = %(day)s
    GROUP BY tenant_id, campaign_id
),

cases AS (
    SELECT
        tenant_id,
        format('campaign %%s: %%s outside of %%s to %%s', campaign_id, households, least, most) AS example,
        row_number() OVER (PARTITION BY tenant_id ORDER BY campaign_id) AS place
    FROM levels
    WHERE households IS NULL OR most IS NULL OR households > most OR households < least
)

SELECT
    tenant_id,
    count(*) AS offences,
    string_agg(example, '; ' ORDER BY place) FILTER (WHERE place <= 3) AS example
FROM cases
GROUP BY tenant_id
