-- show_delivery_history: what happened to one delivery: our attempts and the provider's events.
-- Grain: one row per attempt or event, oldest first. Parameters: delivery (uuid).
SELECT
    started_at AS happened_at,
    'attempt by ' || transport AS what,
    outcome AS result,
    status_code,
    detail
FROM delivery_attempts
WHERE delivery_id = %(delivery)s
UNION ALL
SELECT
    occurred_at AS happened_at,
    'provider event' AS what,
    event AS result,
    NULL AS status_code,
    payload ->> 'reason' AS detail
FROM delivery_events
WHERE delivery_id = %(delivery)s
ORDER BY happened_at
