-- count_raw_rows: raw rows of the tenants in a span of time, without looking at what they hold.
-- Grain: one row. Parameters: start, end (timestamptz), tenants (uuid[]).
SELECT
    (
        SELECT count(*) FROM listener_events
        WHERE tenant_id = any(%(tenants)s::uuid[]) AND occurred_at >= %(start)s AND occurred_at < %(end)s
    ) AS listener_events,
    (
        SELECT count(*) FROM attribution_events
        WHERE tenant_id = any(%(tenants)s::uuid[]) AND occurred_at >= %(start)s AND occurred_at < %(end)s
    ) AS attribution_events
