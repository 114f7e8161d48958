-- read_waiting_mails: mails that could leave and have not: of frozen reports that nobody stopped, queued or never settled.
-- since: from when on the oldest of them waits; detail: why it could not leave, where it was tried. accepted_at: when a mail of
-- any of the tenants was last taken by the provider.
-- Grain: one row per tenant that has any, the one that waits longest first. Parameters: tenants (uuid[]).
SELECT
    tenants.tenant_id,
    tenants.slug,
    count(*) AS mails,
    min(deliveries.created_at) AS since,
    (array_agg(deliveries.detail ORDER BY deliveries.updated_at DESC) FILTER (WHERE deliveries.detail IS NOT NULL))[1]
        AS detail,
    (
        SELECT max(attempts.finished_at)
        FROM delivery_attempts AS attempts
        WHERE attempts.outcome = 'accepted' AND attempts.tenant_id = any(%(tenants)s::uuid[])
    ) AS accepted_at
FROM report_deliveries AS deliveries
INNER JOIN reports ON deliveries.tenant_id = reports.tenant_id AND deliveries.report_id = reports.report_id
INNER JOIN tenants ON deliveries.tenant_id = tenants.tenant_id
WHERE
    deliveries.state IN ('queued', 'sending')
    AND reports.state = 'frozen'
    AND reports.stopped_by IS NULL
    AND deliveries.tenant_id = any(%(tenants)s::uuid[])
GROUP BY tenants.tenant_id, tenants.slug
ORDER BY min(deliveries.created_at), tenants.slug
