-- read_placements: what was booked: kind, amount, price, and the flight as moments.
-- Grain: one row per placement. A flight runs over whole UTC days; flight_ends_at is exclusive. Parameters: tenants (uuid[]).
SELECT
    tenant_id,
    placement_id,
    campaign_id,
    podcast_id,
    kind,
    booked_impressions,
    cost_minor,
    flight_start::timestamp AT TIME ZONE 'UTC' AS flight_starts_at,
    (flight_end + 1)::timestamp AT TIME ZONE 'UTC' AS flight_ends_at
FROM placements
WHERE tenant_id = any(%(tenants)s)
