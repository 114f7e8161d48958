-- resend_delivery: a mail in doubt goes into the queue once more, by a person's decision; the one in doubt stays.
-- Grain: one row is added, or none where the delivery is not in doubt (any more) or was sent again before.
-- Parameters: delivery, again (uuid: the new one's id), by, reason (text or NULL), now (timestamptz).
WITH doubted AS (
    SELECT
        tenant_id,
        delivery_id,
        report_id,
        recipient
    FROM report_deliveries
    WHERE delivery_id = %(delivery)s AND state = 'unknown'
    FOR UPDATE
)

INSERT INTO report_deliveries (
    tenant_id, delivery_id, report_id, revision, recipient, not_before, resend_of, resent_by, resend_reason
)
SELECT
    doubted.tenant_id,
    %(again)s AS delivery_id,
    doubted.report_id,
    (
        SELECT max(earlier.revision) + 1
        FROM report_deliveries AS earlier
        WHERE
            earlier.tenant_id = doubted.tenant_id
            AND earlier.report_id = doubted.report_id
            AND earlier.recipient = doubted.recipient
    ) AS revision,
    doubted.recipient,
    %(now)s AS not_before,
    doubted.delivery_id AS resend_of,
    %(by)s AS resent_by,
    %(reason)s AS resend_reason
FROM doubted
WHERE NOT EXISTS (
    SELECT FROM report_deliveries AS again
    WHERE again.tenant_id = doubted.tenant_id AND again.resend_of = doubted.delivery_id
)
RETURNING recipient
