-- read_placements: what was booked: kind, amount, price, and the flight as moments of the tenant's local midnights.
-- Grain: one row per placement. flight_ends_at is exclusive. Parameters: tenants (uuid[]).
SELECT
    placements.tenant_id,
    placements.placement_id,
    placements.campaign_id,
    placements.kind,
    placements.booked_impressions,
    placements.cost_minor,
    placements.flight_start::timestamp AT TIME ZONE tenants.timezone AS flight_starts_at,
    (placements.flight_end + 1)::timestamp AT TIME ZONE tenants.timezone AS flight_ends_at
FROM placements
INNER JOIN tenants ON placements.tenant_id = tenants.tenant_id
WHERE placements.tenant_id = any(%(tenants)s)
