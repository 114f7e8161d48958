-- read_open_failures: what waits for a person, tenant by tenant: work that failed and was not done since, failed checks.
-- Days and subjects that failed with one class of error are one row, with the latest cause. The check of the ledger is
-- left out of days on which computing failed: that says more. Grain: one row per tenant, stage and error_class (for checks:
-- check), the latest first. first_day and last_day are NULL where the work has no day. Parameters: none.
WITH failed AS (
    SELECT
        tenant_id,
        stage,
        subject,
        day,
        cause,
        error_class AS kind,
        failed_at
    FROM tenant_failures
    UNION ALL
    SELECT
        results.tenant_id,
        'check' AS stage,
        results.check_name AS subject,
        results.day,
        results.detail AS cause,
        results.check_name AS kind,
        results.checked_at AS failed_at
    FROM check_results AS results
    WHERE
        NOT results.passed
        AND NOT (
            results.check_name = 'ledger_covers'
            AND EXISTS (
                SELECT 1
                FROM tenant_failures AS failures
                WHERE
                    failures.tenant_id = results.tenant_id
                    AND failures.day = results.day
                    AND failures.stage = 'computing'
            )
        )
)

SELECT
    tenants.slug AS tenant,
    failed.stage,
    failed.kind,
    string_agg(DISTINCT failed.subject, ', ' ORDER BY failed.subject) AS subjects,
    min(failed.day) AS first_day,
    max(failed.day) AS last_day,
    count(DISTINCT failed.day) AS days,
    (array_agg(failed.cause ORDER BY failed.failed_at DESC, failed.day DESC))[1] AS cause,
    max(failed.failed_at) AS failed_at
FROM failed
INNER JOIN tenants ON failed.tenant_id = tenants.tenant_id
GROUP BY tenants.slug, failed.stage, failed.kind
ORDER BY max(failed.failed_at) DESC, tenants.slug ASC, failed.stage ASC, failed.kind ASC
