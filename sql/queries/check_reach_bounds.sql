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
)

SELECT
    tenant_id,
    count(*) AS offences,
    min(format('campaign %%s: %%s outside of %%s to %%s', campaign_id, households, least, most)) AS example
FROM levels
WHERE households IS NULL OR most IS NULL OR households > most OR households < least
GROUP BY tenant_id
