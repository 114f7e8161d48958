-- read_placement_names: what the placements of a campaign are called.
-- Grain: one row per placement. Parameters: tenants (uuid[]), campaign (uuid).
SELECT
    placement_id,
    name
FROM placements
WHERE tenant_id = any(%(tenants)s) AND campaign_id = %(campaign)s
