-- count_due_deliveries: mails that wait and may leave by now, and claims that nobody finished.
-- Grain: one row. Parameters: now (timestamptz).
SELECT count(*) AS due
FROM report_deliveries
WHERE (state = 'queued' AND not_before <= %(now)s) OR (state = 'sending' AND claim_expires_at <= %(now)s)
