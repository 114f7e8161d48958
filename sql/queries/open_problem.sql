-- open_problem: notes a problem that is not open yet.
-- Grain: one row is added, or none where it is open. Parameters: tenant, subscription (uuid; the latter or NULL), kind, subject,
-- headline, cause (text), now (timestamptz).
INSERT INTO problems (tenant_id, kind, subject, began_at, subscription_id, headline, cause, seen_at)
VALUES (%(tenant)s, %(kind)s, %(subject)s, %(now)s, %(subscription)s, %(headline)s, %(cause)s, %(now)s)
ON CONFLICT (tenant_id, kind, subject) WHERE solved_at IS NULL DO NOTHING
