-- count_reports: the reports of a period by state, over all tenants, whichever runs made them.
-- Grain: one row per state. Parameters: cadence (text), first (date).
SELECT
    state,
    count(*) AS reports
FROM reports
WHERE cadence = %(cadence)s AND period_start = %(first)s
GROUP BY state
ORDER BY state
