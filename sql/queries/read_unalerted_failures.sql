-- read_unalerted_failures: mails that will not arrive, or of which nobody knows, and that no owner got an alert for.
-- Grain: one row per delivery, oldest change first. Parameters: since (timestamptz: older ones are history), most (integer).
-- A mail that failed, was tried again and failed again gets another alert.
WITH ended AS (
    SELECT
        tenant_id,
        delivery_id,
        report_id,
        recipient,
        state,
        detail,
        updated_at,
        concat_ws('/', 'delivery', delivery_id, state, attempts) AS alert_key
    FROM report_deliveries
    WHERE state IN ('failed', 'bounced', 'dropped', 'unknown') AND updated_at > %(since)s
)

SELECT
    d.tenant_id,
    d.alert_key,
    d.delivery_id,
    d.recipient,
    d.state,
    d.detail,
    d.updated_at,
    r.subject,
    r.subscription_id
FROM ended AS d
INNER JOIN reports AS r ON d.tenant_id = r.tenant_id AND d.report_id = r.report_id
WHERE NOT EXISTS (SELECT FROM alerts AS a WHERE a.tenant_id = d.tenant_id AND a.alert_key = d.alert_key)
ORDER BY d.updated_at ASC, d.delivery_id ASC
LIMIT %(most)s
