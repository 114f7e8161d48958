-- read_ledger_totals: what the ledger holds of a day over all tenants, whichever runs wrote it.
-- Grain: one row per asset that has a line. Parameters: assets (text[]), day (date).
SELECT
    asset,
    sum(rows)::bigint AS rows,
    count(*) AS tenants
FROM rollup_ledger
WHERE asset = any(%(assets)s) AND day = %(day)s
GROUP BY asset
