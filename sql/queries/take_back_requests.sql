-- take_back_requests: deletes the requests of a day that an import alone brought, with the keys that were kept of them.
-- Grain: one row, how many went. Parameters: tenant (uuid), import (bigint), start, end (timestamptz).
WITH gone AS (
    DELETE FROM listener_events
    WHERE
        tenant_id = %(tenant)s
        AND import_id = %(import)s
        AND occurred_at >= %(start)s AND occurred_at < %(end)s
    RETURNING occurred_at, event_id
),

forgotten AS (
    DELETE FROM event_keys
    USING gone
    WHERE
        event_keys.tenant_id = %(tenant)s
        AND event_keys.occurred_at >= %(start)s AND event_keys.occurred_at < %(end)s
        AND event_keys.occurred_at = gone.occurred_at
        AND event_keys.event_id = gone.event_id
)

SELECT count(*) AS rows FROM gone
