-- read_brand: how a tenant appears on its reports and in its mails, and where they may go.
-- Grain: at most one row. Parameters: tenant (uuid).
SELECT
    brand_name,
    brand_color,
    sender_name,
    subject_template,
    reply_to,
    owner_address,
    locale,
    recipient_domains
FROM tenants
WHERE tenant_id = %(tenant)s
