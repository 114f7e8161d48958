-- show_delivery: one delivery with all it is known by.
-- Grain: at most one row. Parameters: delivery (uuid).
SELECT
    d.delivery_id,
    t.slug AS tenant,
    d.report_id,
    r.subject,
    d.revision,
    d.recipient,
    d.state,
    d.detail,
    d.attempts,
    d.not_before,
    d.transport,
    d.provider_message_id,
    d.created_at,
    d.updated_at,
    d.claim_expires_at,
    d.resend_of,
    d.resent_by,
    d.resend_reason,
    again.delivery_id AS sent_again_as,
    r.state AS report_state
FROM report_deliveries AS d
INNER JOIN tenants AS t ON d.tenant_id = t.tenant_id
INNER JOIN reports AS r ON d.tenant_id = r.tenant_id AND d.report_id = r.report_id
LEFT JOIN report_deliveries AS again ON d.tenant_id = again.tenant_id AND d.delivery_id = again.resend_of
WHERE d.delivery_id = %(delivery)s
