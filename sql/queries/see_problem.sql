-- see_problem: an open problem is still there, with its cause as it is now.
-- Grain: the open problem. Parameters: tenant (uuid), kind, subject, cause (text), now (timestamptz).
UPDATE problems
SET cause = %(cause)s, seen_at = %(now)s
WHERE tenant_id = %(tenant)s AND kind = %(kind)s AND subject = %(subject)s AND solved_at IS NULL
