-- read_changes_since: which tables of the days first to last became others after a moment.
-- Grain: one row per table and day, newest first. Parameters: first, last (date), since (timestamptz), tenants (uuid[]).
SELECT
    asset,
    day,
    changed_at
FROM rollup_ledger
WHERE tenant_id = any(%(tenants)s) AND day BETWEEN %(first)s AND %(last)s AND changed_at > %(since)s
ORDER BY changed_at DESC, asset ASC, day ASC
