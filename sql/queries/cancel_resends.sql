-- cancel_resends: mails that a person sent again and that wait still, once the earlier one is known to have arrived.
-- Grain: one row per cancelled delivery is changed. Parameters: tenant, delivery (uuid: the earlier one), detail (text),
-- now (timestamptz).
UPDATE report_deliveries AS again
SET state = 'cancelled', detail = %(detail)s, updated_at = %(now)s
FROM report_deliveries AS earlier
WHERE
    earlier.tenant_id = %(tenant)s
    AND earlier.delivery_id = %(delivery)s
    AND earlier.state IN ('accepted', 'delivered')
    AND again.tenant_id = earlier.tenant_id
    AND again.report_id = earlier.report_id
    AND again.recipient = earlier.recipient
    AND again.delivery_id <> earlier.delivery_id
    AND again.resend_of IS NOT NULL
    AND again.state IN ('queued', 'held', 'failed')
