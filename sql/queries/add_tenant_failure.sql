-- add_tenant_failure: a piece of work failed for a tenant; the same piece keeps its line and when it failed first.
-- Grain: one row per subject. Parameters: tenant (uuid), stage (text), subjects (text[]), day (date or NULL), cause,
-- error_class (text), run (uuid or NULL).
INSERT INTO tenant_failures AS kept (subject, tenant_id, stage, day, cause, error_class, run_id)
SELECT
    subjects.subject,
    failed.*
FROM unnest(%(subjects)s::text[]) AS subjects (subject)
CROSS JOIN (VALUES (%(tenant)s::uuid, %(stage)s, %(day)s::date, %(cause)s, %(error_class)s, %(run)s::uuid)) AS failed
ON CONFLICT (tenant_id, stage, subject, (coalesce(day, 'infinity'::date))) DO UPDATE SET
cause = excluded.cause, error_class = excluded.error_class, run_id = excluded.run_id, failed_at = clock_timestamp()
