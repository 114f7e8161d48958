-- count_reports: the reports of a period by state, over all tenants, whichever runs made them.
-- Grain: one row per state. Parameters: cadence (text), first (date): the first day of a week or month; of reports on ends of
-- campaigns the last day of their flight.
SELECT
    state,
    count(*) AS reports
FROM reports
WHERE
    cadence = %(cadence)s
    AND CASE WHEN cadence = 'end_of_campaign' THEN period_end ELSE period_start END = %(first)s
GROUP BY state
ORDER BY state
