-- end_alerts: claims whose worker never reported back become unknown; what could not be sent for too long fails.
-- Grain: one row per alert that ends. Parameters: now, since (timestamptz: older ones are too late), in_doubt, too_late (text).
UPDATE alerts
SET
    state = CASE state WHEN 'sending' THEN 'unknown' ELSE 'failed' END,
    detail = CASE
        WHEN state = 'sending' THEN %(in_doubt)s
        ELSE concat_ws(': ', %(too_late)s::text, detail)
    END,
    updated_at = %(now)s
WHERE
    (state = 'sending' AND claim_expires_at <= %(now)s)
    OR (state = 'queued' AND created_at <= %(since)s)
RETURNING state
