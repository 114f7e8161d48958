-- read_placements: what was booked: for whom, kind, amount, price, and the flight as moments.
-- Grain: one row per placement. A flight runs over whole UTC days; flight_ends_at is exclusive. Parameters: tenants (uuid[]).
SELECT
    placements.tenant_id,
    placements.placement_id,
    campaigns.sponsor_id,
    placements.campaign_id,
    placements.podcast_id,
    placements.kind,
    placements.booked_impressions,
    placements.cost_minor,
    placements.flight_start::timestamp AT TIME ZONE 'UTC' AS flight_starts_at,
    (placements.flight_end + 1)::timestamp AT TIME ZONE 'UTC' AS flight_ends_at
FROM placements
INNER JOIN campaigns ON placements.tenant_id = campaigns.tenant_id AND placements.campaign_id = campaigns.campaign_id
WHERE placements.tenant_id = any(%(tenants)s)
