-- add_feed_state: how the last look at a feed went. What was not read stays as it was when it was last read.
-- Grain: one row. Parameters: tenant, feed (uuid), state, detail (text), now, read_at, next_at (timestamptz), failures (integer),
-- etag, last_modified, title, podcast_guid (text), is_locked (boolean), medium (text).
INSERT INTO feed_states AS kept (
    tenant_id, feed_id, state, detail, checked_at, read_at, next_at, failures, etag, last_modified, title, podcast_guid,
    is_locked, medium
)
VALUES (
    %(tenant)s, %(feed)s, %(state)s, %(detail)s, %(now)s, %(read_at)s, %(next_at)s, %(failures)s, %(etag)s, %(last_modified)s,
    %(title)s, %(podcast_guid)s, %(is_locked)s, %(medium)s
)
ON CONFLICT (tenant_id, feed_id) DO UPDATE SET
state = excluded.state, detail = excluded.detail, checked_at = excluded.checked_at, next_at = excluded.next_at,
failures = excluded.failures,
read_at = coalesce(excluded.read_at, kept.read_at),
etag = CASE WHEN excluded.read_at IS NULL THEN kept.etag ELSE excluded.etag END,
last_modified = CASE WHEN excluded.read_at IS NULL THEN kept.last_modified ELSE excluded.last_modified END,
title = CASE WHEN excluded.read_at IS NULL THEN kept.title ELSE excluded.title END,
podcast_guid = CASE WHEN excluded.read_at IS NULL THEN kept.podcast_guid ELSE excluded.podcast_guid END,
is_locked = CASE WHEN excluded.read_at IS NULL THEN kept.is_locked ELSE excluded.is_locked END,
medium = CASE WHEN excluded.read_at IS NULL THEN kept.medium ELSE excluded.medium END
