-- read_used_rows: which of a tenant's rows events, results or reports name: those are never deleted.
-- Grain: one row per id that is in use. Parameters: tenant (uuid), ids (uuid[]).
SELECT wanted.row_id
FROM unnest(%(ids)s::uuid[]) AS wanted (row_id)
WHERE
    EXISTS (
        SELECT 1 FROM listener_events AS events
        WHERE events.tenant_id = %(tenant)s AND wanted.row_id IN (events.episode_id, events.asset_id)
    )
    OR EXISTS (
        SELECT 1 FROM attribution_events AS events
        WHERE
            events.tenant_id = %(tenant)s
            AND wanted.row_id IN (events.sponsor_id, events.campaign_id, events.placement_id, events.episode_id)
    )
    OR EXISTS (
        SELECT 1 FROM downloads
        WHERE
            downloads.tenant_id = %(tenant)s
            AND wanted.row_id IN (downloads.podcast_id, downloads.episode_id, downloads.asset_id)
    )
    OR EXISTS (
        SELECT 1 FROM ad_exposures AS ads
        WHERE ads.tenant_id = %(tenant)s AND wanted.row_id IN (ads.sponsor_id, ads.campaign_id, ads.placement_id)
    )
    OR EXISTS (
        SELECT 1 FROM attribution_touches AS touches
        WHERE touches.tenant_id = %(tenant)s AND wanted.row_id IN (touches.campaign_id, touches.placement_id)
    )
    OR EXISTS (
        SELECT 1 FROM reports
        WHERE reports.tenant_id = %(tenant)s AND wanted.row_id IN (reports.sponsor_id, reports.campaign_id)
    )
    OR EXISTS (
        SELECT 1
        FROM promo_codes AS codes
        INNER JOIN conversions
            ON
                codes.tenant_id = conversions.tenant_id
                AND codes.sponsor_id = conversions.sponsor_id
                AND clean_code(codes.code) = conversions.promo_code
        WHERE codes.tenant_id = %(tenant)s AND codes.promo_code_id = wanted.row_id
    )
