-- read_campaign_sizes: how many ads each campaign delivered on the UTC days first to last, both included.
-- Grain: one row per campaign with any. Parameters: first, last (date), tenants (uuid[]).
SELECT
    campaign_id,
    sum(impressions)::bigint AS impressions
FROM placement_delivery
WHERE tenant_id = any(%(tenants)s) AND day BETWEEN %(first)s AND %(last)s
GROUP BY campaign_id
