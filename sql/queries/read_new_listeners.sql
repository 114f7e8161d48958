-- read_new_listeners: how many keys were first counted on each of the days from first to before day.
-- Grain: one row per day and show, and one per day and tenant (podcast_id NULL). Parameters: first, day (date), tenants (uuid[]).
SELECT
    tenant_id,
    podcast_id,
    day,
    CASE
        WHEN podcast_id IS NULL THEN count(DISTINCT consumer_key) FILTER (WHERE is_first_of_tenant)
        ELSE count(*)
    END AS new_listeners
FROM listener_firsts
WHERE tenant_id = any(%(tenants)s) AND day >= %(first)s AND day < %(day)s
GROUP BY GROUPING SETS ((tenant_id, podcast_id, day), (tenant_id, day))
