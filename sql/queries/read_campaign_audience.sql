-- read_campaign_audience: who heard the campaigns from the UTC day of their start to before end, and how often.
-- Grain: one row per placement, household and listener, clicks left out. Campaigns are those that have begun and ended
-- no more than the longest window ago. Parameters: start (timestamptz: of the day), end (timestamptz), tenants (uuid[]).
WITH live AS (
    SELECT
        tenant_id,
        campaign_id,
        starts_on::timestamp AT TIME ZONE 'UTC' AS since
    FROM campaigns
    WHERE
        tenant_id = any(%(tenants)s)
        AND starts_on::timestamp AT TIME ZONE 'UTC' < %(end)s
        AND (ends_on + 61)::timestamp AT TIME ZONE 'UTC' > %(start)s
)

SELECT
    exposures.tenant_id,
    exposures.campaign_id,
    exposures.placement_id,
    exposures.household_key,
    exposures.consumer_key,
    count(*) AS impressions
FROM ad_exposures AS exposures
INNER JOIN live ON exposures.tenant_id = live.tenant_id AND exposures.campaign_id = live.campaign_id
WHERE
    exposures.tenant_id = any(%(tenants)s)
    AND exposures.occurred_at >= live.since
    AND exposures.occurred_at >= (SELECT min(earliest.since) FROM live AS earliest)
    AND exposures.occurred_at < %(end)s
    AND exposures.kind <> 'click'
GROUP BY
    exposures.tenant_id, exposures.campaign_id, exposures.placement_id, exposures.household_key, exposures.consumer_key
