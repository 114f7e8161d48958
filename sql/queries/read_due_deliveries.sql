-- read_due_deliveries: mails that would leave now, in the order in which they would; claims nothing.
-- Grain: one row per delivery. Parameters: now (timestamptz), most (integer).
SELECT
    d.tenant_id,
    d.delivery_id,
    d.report_id,
    d.recipient,
    d.attempts,
    d.created_at
FROM report_deliveries AS d
INNER JOIN reports AS r ON d.tenant_id = r.tenant_id AND d.report_id = r.report_id
WHERE d.state = 'queued' AND d.not_before <= %(now)s AND r.state = 'frozen' AND r.stopped_by IS NULL
ORDER BY d.not_before, d.delivery_id
LIMIT %(most)s
