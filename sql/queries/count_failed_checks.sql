-- count_failed_checks: how many checks of a day failed over all tenants, whichever runs judged them.
-- Grain: one row. Parameters: day (date).
SELECT count(*) AS failed
FROM check_results
WHERE day = %(day)s AND NOT passed
