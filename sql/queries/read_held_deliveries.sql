-- read_held_deliveries: mails held back by the tenant's list of domains, with the list as it is now.
-- Grain: one row per held delivery. Parameters: none.
SELECT
    d.tenant_id,
    d.delivery_id,
    d.recipient,
    t.recipient_domains
FROM report_deliveries AS d
INNER JOIN tenants AS t ON d.tenant_id = t.tenant_id
WHERE d.state = 'held'
ORDER BY d.tenant_id, d.delivery_id
