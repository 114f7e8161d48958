-- expire_claims: claims whose worker never reported back become unknown: the mail may have left or not. So do those that
-- end later than a claim of now could: they were made while the clock was wrong, and would hold their mail until then.
-- Grain: one row per expired claim, its delivery. Parameters: now (timestamptz), claim_for (interval),
-- detail (text).
WITH expired AS (
    UPDATE report_deliveries
    SET state = 'unknown', detail = %(detail)s, updated_at = %(now)s
    WHERE
        state = 'sending'
        AND (claim_expires_at <= %(now)s OR claim_expires_at > %(now)s + 2 * %(claim_for)s::interval)
    RETURNING tenant_id, delivery_id, transport, claim_expires_at
)

INSERT INTO delivery_attempts (tenant_id, attempt_id, delivery_id, transport, started_at, outcome, detail)
SELECT
    tenant_id,
    gen_random_uuid() AS attempt_id,
    delivery_id,
    coalesce(transport, 'none') AS transport,
    claim_expires_at - %(claim_for)s AS started_at,
    'unknown' AS outcome,
    %(detail)s
FROM expired
RETURNING delivery_id
