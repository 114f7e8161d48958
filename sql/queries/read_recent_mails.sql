-- read_recent_mails: what became of mails lately; those that need a person first, then the newest.
-- Grain: one row per delivery that changed since; of_all is how many there are. Parameters: since (timestamptz), most (integer).
SELECT
    t.slug AS tenant,
    d.recipient,
    r.subject,
    d.state,
    d.updated_at,
    d.attempts,
    d.detail,
    count(*) OVER () AS of_all
FROM report_deliveries AS d
INNER JOIN tenants AS t ON d.tenant_id = t.tenant_id
INNER JOIN reports AS r ON d.tenant_id = r.tenant_id AND d.report_id = r.report_id
WHERE d.updated_at > %(since)s
ORDER BY
    d.state NOT IN ('failed', 'bounced', 'dropped', 'unknown') ASC,
    d.state <> 'held' ASC,
    d.updated_at DESC,
    d.delivery_id ASC
LIMIT %(most)s
