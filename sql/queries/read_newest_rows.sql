-- read_newest_rows: what came in of raw rows: of the last day that has any, how many, and when the newest came in.
-- Grain: one row per tenant and source (requests, ads, signals) that has rows since first. Parameters: first (date),
-- tenants (uuid[]).
SELECT DISTINCT ON (marks.tenant_id, marks.source)
    marks.tenant_id,
    marks.source,
    marks.day,
    marks.rows,
    max(marks.received_at) OVER (PARTITION BY marks.tenant_id, marks.source) AS received_at
FROM ingest_watermarks AS marks
WHERE marks.tenant_id = any(%(tenants)s::uuid[]) AND marks.day >= %(first)s AND marks.rows > 0
ORDER BY marks.tenant_id ASC, marks.source ASC, marks.day DESC
