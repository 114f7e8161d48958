-- read_first_day: the first UTC day with raw rows of a tenant, or with something computed from rows that are gone since.
-- Times that break the bounds of in_event_time_bounds() belong to no day.
-- Grain: one row; NULL where there is neither. Parameters: none.
SELECT
    least(
        (
            SELECT min((first_row.occurred_at AT TIME ZONE 'UTC')::date)
            FROM tenants
            CROSS JOIN LATERAL (
                SELECT events.occurred_at
                FROM listener_events AS events
                WHERE
                    events.tenant_id = tenants.tenant_id
                    AND events.occurred_at >= '2000-01-01 00:00:00+00'::timestamptz AND events.occurred_at < now()
                ORDER BY events.occurred_at
                LIMIT 1
            ) AS first_row
        ),
        (
            SELECT min((first_row.occurred_at AT TIME ZONE 'UTC')::date)
            FROM tenants
            CROSS JOIN LATERAL (
                SELECT events.occurred_at
                FROM attribution_events AS events
                WHERE
                    events.tenant_id = tenants.tenant_id
                    AND events.occurred_at >= '2000-01-01 00:00:00+00'::timestamptz AND events.occurred_at < now()
                ORDER BY events.occurred_at
                LIMIT 1
            ) AS first_row
        ),
        (SELECT min(day) FROM rollup_ledger WHERE asset = 'request_dispositions')
    ) AS day
