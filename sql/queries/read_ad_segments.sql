-- read_ad_segments: byte spans of files that hold an ad, both ends included, with whom the ad belongs to.
-- Grain: one row per ad span. Parameters: tenants (uuid[]).
SELECT
    segments.tenant_id,
    segments.asset_id,
    segments.segment_no,
    segments.first_byte,
    segments.last_byte,
    segments.placement_id,
    segments.position,
    segments.insertion,
    placements.campaign_id,
    campaigns.sponsor_id
FROM asset_segments AS segments
INNER JOIN placements
    ON segments.tenant_id = placements.tenant_id AND segments.placement_id = placements.placement_id
INNER JOIN campaigns
    ON placements.tenant_id = campaigns.tenant_id AND placements.campaign_id = campaigns.campaign_id
WHERE segments.tenant_id = any(%(tenants)s) AND segments.kind = 'ad'
