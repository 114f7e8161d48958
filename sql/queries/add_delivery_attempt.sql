-- add_delivery_attempt: one call of a provider and how it ended, appended to the history.
-- Grain: one row is added, or none where this attempt is written down already. Parameters: tenant, attempt, delivery (uuid), transport, outcome, message_id, detail (text),
-- started, finished (timestamptz), status_code (integer or NULL).
INSERT INTO delivery_attempts (
    tenant_id, attempt_id, delivery_id, transport, started_at, finished_at, outcome, status_code, provider_message_id, detail
)
VALUES (
    %(tenant)s, %(attempt)s, %(delivery)s, %(transport)s, %(started)s, %(finished)s, %(outcome)s, %(status_code)s,
    %(message_id)s, %(detail)s
)
ON CONFLICT (tenant_id, attempt_id) DO NOTHING
