-- solve_problem: an open problem is there no more.
-- Grain: one row, the problem, or none where somebody else has noted it. Parameters: tenant (uuid), kind, subject (text),
-- now (timestamptz).
UPDATE problems
SET solved_at = greatest(%(now)s, began_at)
WHERE tenant_id = %(tenant)s AND kind = %(kind)s AND subject = %(subject)s AND solved_at IS NULL
RETURNING began_at
