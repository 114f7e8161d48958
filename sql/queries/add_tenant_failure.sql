-- add_tenant_failure: a piece of work failed for a tenant; the same piece keeps its line and when it failed first.
-- Grain: one row per subject. Parameters: tenant (uuid), stage (text), subjects (text[]), day (date or NULL), cause,
-- error_class (text), run (uuid or NULL).
INSERT INTO tenant_failures AS kept (tenant_id, stage, subject, day, cause, error_class, run_id)
SELECT
    %(tenant)s::uuid AS tenant_id,
    %(stage)s AS stage,
    subject,
    %(day)s::date AS day,
    %(cause)s AS cause,
    %(error_class)s AS error_class,
    %(run)s::uuid AS run_id
FROM unnest(%(subjects)s::text[]) AS subject
ON CONFLICT (tenant_id, stage, subject, (coalesce(day, 'infinity'::date))) DO UPDATE SET
cause = excluded.cause, error_class = excluded.error_class, run_id = excluded.run_id, failed_at = clock_timestamp()
