-- record_feed_looks: files that were looked at, with what their servers gave, or why they could not be read.
-- Grain: one row per file. Parameters: tenant (uuid), assets (uuid[]), sizes (bigint[]), etags, modified (text[]),
-- next_at (timestamptz[]), problems (text[]), now (timestamptz).
UPDATE feed_files AS named SET
    content_bytes = CASE WHEN looked.problem IS NULL THEN looked.content_bytes ELSE named.content_bytes END,
    etag = CASE WHEN looked.problem IS NULL THEN looked.etag ELSE named.etag END,
    last_modified = CASE WHEN looked.problem IS NULL THEN looked.last_modified ELSE named.last_modified END,
    checked_at = %(now)s,
    next_at = looked.next_at,
    failures = CASE WHEN looked.problem IS NULL THEN 0 ELSE named.failures + 1 END,
    problem = looked.problem
FROM unnest(
    %(assets)s::uuid[], %(sizes)s::bigint[], %(etags)s::text[], %(modified)s::text[], %(next_at)s::timestamptz[],
    %(problems)s::text[]
) AS looked (asset_id, content_bytes, etag, last_modified, next_at, problem)
WHERE named.tenant_id = %(tenant)s AND named.asset_id = looked.asset_id
