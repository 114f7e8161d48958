-- count_due_deliveries: mails that wait and may leave by now, and claims that nobody finished.
-- Grain: one row. Parameters: now (timestamptz).
SELECT count(*) AS due
FROM report_deliveries AS d
INNER JOIN reports AS r ON d.tenant_id = r.tenant_id AND d.report_id = r.report_id
WHERE
    (d.state = 'queued' AND d.not_before <= %(now)s AND r.state = 'frozen' AND r.stopped_by IS NULL)
    OR (d.state = 'sending' AND d.claim_expires_at <= %(now)s)
