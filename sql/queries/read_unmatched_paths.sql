-- read_unmatched_paths: the paths of imported requests from start on that were for no file of the catalogue then.
-- Grain: one row per path. Parameters: tenant (uuid), start (timestamptz).
SELECT events.event_data ->> 'path' AS path
FROM listener_events AS events
WHERE
    events.tenant_id = %(tenant)s AND events.occurred_at >= %(start)s
    AND events.import_id IS NOT NULL AND events.episode_id IS NULL AND events.asset_id IS NULL
    AND events.event_data ->> 'path' IS NOT NULL
GROUP BY events.event_data ->> 'path'
