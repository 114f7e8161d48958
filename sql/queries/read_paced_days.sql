-- read_paced_days: spans of days before the day without a gap on which the tenants' downloads were put on the clock.
-- Grain: one row per tenant and span, both days included. Parameters: day (date), tenants (uuid[]).
SELECT
    numbered.tenant_id,
    min(numbered.day) AS first_day,
    max(numbered.day) AS last_day
FROM (
    SELECT
        tenant_id,
        day,
        day - (row_number() OVER (PARTITION BY tenant_id ORDER BY day))::integer AS span
    FROM rollup_ledger
    WHERE asset = 'episode_age_downloads' AND tenant_id = any(%(tenants)s) AND day < %(day)s
) AS numbered
GROUP BY numbered.tenant_id, numbered.span
