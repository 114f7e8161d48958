-- take_back_orders: deletes the conversion signals of a day that an import alone brought, with the keys that were kept of them and
-- the notes that they were delivered: an order that comes again, under another time too, is new.
-- Grain: one row, how many went. Parameters: tenant (uuid), import (bigint), start, end (timestamptz).
WITH gone AS (
    DELETE FROM attribution_events
    WHERE
        tenant_id = %(tenant)s
        AND import_id = %(import)s
        AND occurred_at >= %(start)s AND occurred_at < %(end)s
    RETURNING occurred_at, event_id
),

forgotten AS (
    DELETE FROM attribution_event_keys
    USING gone
    WHERE
        attribution_event_keys.tenant_id = %(tenant)s
        AND attribution_event_keys.occurred_at >= %(start)s AND attribution_event_keys.occurred_at < %(end)s
        AND attribution_event_keys.occurred_at = gone.occurred_at
        AND attribution_event_keys.event_id = gone.event_id
),

undelivered AS (
    DELETE FROM attribution_deliveries
    USING gone
    WHERE
        attribution_deliveries.tenant_id = %(tenant)s
        AND attribution_deliveries.event_id = gone.event_id
        AND attribution_deliveries.occurred_at = gone.occurred_at
)

SELECT count(*) AS rows FROM gone
