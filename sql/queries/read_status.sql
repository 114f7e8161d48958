-- read_status: how each tenant stands: what is computed, what failed, what waits.
-- unplaced_ads: impressions and clicks of the last 30 days that name no placement or campaign with an episode that we
-- know: read_ad_signals leaves them out. Grain: one row per tenant. Parameters: none.
SELECT
    tenants.tenant_id,
    tenants.slug,
    (
        SELECT max(day) FROM rollup_ledger
        WHERE tenant_id = tenants.tenant_id AND asset = 'campaign_roi'
    ) AS computed_through,
    (
        SELECT max(day) FROM rollup_ledger
        WHERE tenant_id = tenants.tenant_id AND asset = 'campaign_roi' AND status = 'final'
    ) AS final_through,
    (SELECT count(*) FROM check_results WHERE tenant_id = tenants.tenant_id AND NOT passed) AS failed_checks,
    (
        SELECT coalesce(sum(ads.signals), 0)::bigint
        FROM (
            SELECT
                events.tenant_id,
                events.placement_id,
                events.campaign_id,
                events.episode_id,
                count(*) AS signals
            FROM attribution_events AS events
            WHERE
                events.tenant_id = tenants.tenant_id
                AND events.occurred_at >= now() - interval '30 days'
                AND events.kind IN ('impression', 'click')
            GROUP BY events.tenant_id, events.placement_id, events.campaign_id, events.episode_id
        ) AS ads
        WHERE
            NOT EXISTS (
                SELECT 1
                FROM placements
                WHERE
                    placements.tenant_id = ads.tenant_id
                    AND (
                        placements.placement_id = ads.placement_id
                        OR (ads.placement_id IS NULL AND placements.campaign_id = ads.campaign_id)
                    )
                    AND EXISTS (
                        SELECT 1
                        FROM episodes
                        LEFT JOIN placement_episodes AS listed
                            ON
                                episodes.tenant_id = listed.tenant_id
                                AND episodes.episode_id = listed.episode_id
                                AND placements.placement_id = listed.placement_id
                        WHERE
                            episodes.tenant_id = ads.tenant_id
                            AND (
                                episodes.episode_id = ads.episode_id
                                OR (
                                    ads.episode_id IS NULL
                                    AND (
                                        listed.episode_id IS NOT NULL
                                        OR (
                                            placements.kind = 'dynamic' AND episodes.podcast_id = placements.podcast_id
                                        )
                                    )
                                )
                            )
                    )
            )
    ) AS unplaced_ads,
    (SELECT count(*) FROM reports WHERE tenant_id = tenants.tenant_id AND state = 'frozen') AS reports,
    (SELECT count(*) FROM reports WHERE tenant_id = tenants.tenant_id AND state = 'pending') AS pending_reports,
    (SELECT count(*) FROM reports WHERE tenant_id = tenants.tenant_id AND state = 'waiting') AS waiting_reports,
    (SELECT count(*) FROM reports WHERE tenant_id = tenants.tenant_id AND state = 'held') AS held_reports,
    (
        SELECT count(*) FROM report_deliveries
        WHERE tenant_id = tenants.tenant_id AND state IN ('accepted', 'delivered')
    ) AS mails_accepted,
    (
        SELECT count(*) FROM report_deliveries
        WHERE tenant_id = tenants.tenant_id AND state IN ('queued', 'sending')
    ) AS mails_waiting,
    (
        SELECT count(*) FROM report_deliveries AS troubled
        WHERE
            troubled.tenant_id = tenants.tenant_id
            AND troubled.state IN ('failed', 'unknown', 'bounced', 'dropped')
            AND NOT EXISTS (
                SELECT FROM report_deliveries AS again
                WHERE again.tenant_id = troubled.tenant_id AND again.resend_of = troubled.delivery_id
            )
    ) AS mails_troubled
FROM tenants
ORDER BY tenants.slug
