-- count_unaddressed_reports: frozen reports that nobody gets, because their subscription has no recipients.
-- Grain: one row per tenant that has some. Parameters: none.
SELECT
    t.slug,
    count(*) AS reports
FROM reports AS r
INNER JOIN tenants AS t ON r.tenant_id = t.tenant_id
WHERE
    r.state = 'frozen'
    AND NOT EXISTS (
        SELECT 1 FROM report_deliveries AS d
        WHERE d.tenant_id = r.tenant_id AND d.report_id = r.report_id
    )
GROUP BY t.slug
ORDER BY t.slug
