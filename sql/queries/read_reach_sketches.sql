-- read_reach_sketches: sketches of the campaigns' large UTC days from first to last; a day before a campaign's start, or
-- after its end, leaves none.
-- Only those that were made after the exposures of their day last changed; a campaign is named by its place in the two
-- lists of ids, which belong together.
-- Grain: one row per day, placement and unit. Parameters: first, last (date), tenants (uuid[]), owners, campaigns (uuid[]).
SELECT
    sketches.tenant_id,
    sketches.campaign_id,
    sketches.placement_id,
    sketches.day,
    sketches.unit,
    sketches.sketch
FROM reach_sketches AS sketches
INNER JOIN unnest(%(owners)s::uuid[], %(campaigns)s::uuid[]) AS requested (tenant_id, campaign_id)
    ON sketches.tenant_id = requested.tenant_id AND sketches.campaign_id = requested.campaign_id
INNER JOIN campaigns
    ON
        sketches.tenant_id = campaigns.tenant_id
        AND sketches.campaign_id = campaigns.campaign_id
        AND sketches.day >= campaigns.starts_on
INNER JOIN rollup_ledger AS kept
    ON sketches.tenant_id = kept.tenant_id AND sketches.day = kept.day AND kept.asset = 'campaign_reach'
INNER JOIN rollup_ledger AS exposures
    ON sketches.tenant_id = exposures.tenant_id AND sketches.day = exposures.day AND exposures.asset = 'ad_exposures'
WHERE
    sketches.tenant_id = any(%(tenants)s)
    AND sketches.day BETWEEN %(first)s AND %(last)s
    AND kept.began_at >= exposures.changed_at
