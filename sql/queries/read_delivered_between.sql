-- read_delivered_between: how many impressions each placement and episode had from since on, in the spans that the moments part.
-- Grain: one row per placement, episode and span with any. span: how many of the moments lie at or before the impression, so 0
-- is before the first of them. Parameters: since, before (timestamptz), moments (timestamptz[], ascending), tenants,
-- campaigns (uuid[]).
SELECT
    tenant_id,
    campaign_id,
    placement_id,
    episode_id,
    width_bucket(occurred_at, %(moments)s::timestamptz[]) AS span,
    count(*) AS impressions
FROM ad_exposures
WHERE
    tenant_id = any(%(tenants)s)
    AND campaign_id = any(%(campaigns)s::uuid[])
    AND occurred_at >= %(since)s AND occurred_at < %(before)s
    AND kind <> 'click'
GROUP BY tenant_id, campaign_id, placement_id, episode_id, span
