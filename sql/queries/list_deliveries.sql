-- list_deliveries: the outbox for a person to look at, newest change first.
-- Grain: one row per delivery. Parameters: states (text[]; empty means all), tenant (text: slug, or empty for all),
-- most (integer).
SELECT
    d.delivery_id,
    t.slug AS tenant,
    d.recipient,
    r.subject,
    d.revision,
    d.state,
    d.attempts,
    d.not_before,
    d.updated_at,
    d.detail
FROM report_deliveries AS d
INNER JOIN tenants AS t ON d.tenant_id = t.tenant_id
INNER JOIN reports AS r ON d.tenant_id = r.tenant_id AND d.report_id = r.report_id
WHERE
    (cardinality(%(states)s::text[]) = 0 OR d.state = any(%(states)s::text[]))
    AND (%(tenant)s = '' OR t.slug = %(tenant)s)
ORDER BY d.updated_at DESC, d.delivery_id ASC
LIMIT %(most)s
