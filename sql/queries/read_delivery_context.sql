-- read_delivery_context: what decides whether an address may get mail of a tenant, and how the mail is signed.
-- Grain: one row; suppressed_for is NULL where the address is not suppressed. Parameters: tenant (uuid), address (text).
SELECT
    t.slug,
    coalesce(t.sender_name, t.brand_name) AS brand_name,
    t.reply_to,
    t.recipient_domains,
    s.reason AS suppressed_for
FROM tenants AS t
LEFT JOIN suppressions AS s ON t.tenant_id = s.tenant_id AND s.address = lower(%(address)s)
WHERE t.tenant_id = %(tenant)s
