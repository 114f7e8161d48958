-- count_raw_quality: raw rows of whole UTC days, and how many of them say what they must. complete: of listener_events, those
-- that name what played them (platform or user agent) and lie at a possible time, received no more than an hour before they
-- occurred; of attribution_events, those with what their method needs (a code, utm parameters) and a campaign that is there:
-- the campaign or placement that they name is their sponsor's, or they name none and the sponsor has a campaign that has begun.
-- prompt: received by two o'clock (UTC) of the next day; late_able: all but rows of imported history.
-- Grain: one row per tenant, raw table and day with rows. Parameters: days (date[]), tenants (uuid[]).
WITH spans AS (
    SELECT
        day,
        day::timestamp AT TIME ZONE 'UTC' AS begins,
        (day + 1)::timestamp AT TIME ZONE 'UTC' AS ends
    FROM unnest(%(days)s::date[]) AS day
)

SELECT
    counted.tenant_id,
    'listener_events' AS source_table,
    spans.day,
    counted.rows,
    counted.complete,
    counted.late_able,
    counted.prompt
FROM spans
CROSS JOIN LATERAL (
    SELECT
        tenant_id,
        count(*) AS rows,
        count(*) FILTER (
            WHERE coalesce(platform, user_agent, '') <> '' AND received_at >= occurred_at - interval '1 hour'
            AND in_event_time_bounds(received_at)
        ) AS complete,
        count(*) FILTER (WHERE source <> 'import') AS late_able,
        count(*) FILTER (WHERE source <> 'import' AND received_at < spans.ends + interval '2 hours') AS prompt
    FROM listener_events
    WHERE tenant_id = any(%(tenants)s) AND occurred_at >= spans.begins AND occurred_at < spans.ends
    GROUP BY tenant_id
) AS counted
UNION ALL
SELECT
    counted.tenant_id,
    'attribution_events' AS source_table,
    spans.day,
    counted.rows,
    counted.complete,
    counted.rows AS late_able,
    counted.prompt
FROM spans
CROSS JOIN LATERAL (
    SELECT
        events.tenant_id,
        count(*) AS rows,
        count(*) FILTER (
            WHERE CASE events.signal
                WHEN 'promo_code' THEN coalesce(events.promo_code, '') <> ''
                WHEN 'vanity_url' THEN coalesce(events.promo_code, '') <> ''
                WHEN 'utm' THEN events.utm IS NOT NULL AND events.utm <> '{}'
                ELSE TRUE
            END
            AND CASE
                WHEN events.placement_id IS NOT NULL THEN EXISTS (
                    SELECT FROM placements INNER JOIN campaigns USING (tenant_id, campaign_id)
                    WHERE placements.tenant_id = events.tenant_id AND placements.placement_id = events.placement_id
                        AND campaigns.sponsor_id = events.sponsor_id
                )
                ELSE EXISTS (
                    SELECT FROM campaigns
                    WHERE campaigns.tenant_id = events.tenant_id AND campaigns.sponsor_id = events.sponsor_id
                        AND campaigns.campaign_id = coalesce(events.campaign_id, campaigns.campaign_id)
                        AND campaigns.starts_on <= spans.day + 1
                )
            END
        ) AS complete,
        count(*) FILTER (WHERE events.received_at < spans.ends + interval '2 hours') AS prompt
    FROM attribution_events AS events
    WHERE events.tenant_id = any(%(tenants)s) AND events.occurred_at >= spans.begins AND events.occurred_at < spans.ends
    GROUP BY events.tenant_id
) AS counted
ORDER BY tenant_id, source_table, day
