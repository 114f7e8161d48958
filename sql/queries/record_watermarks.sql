-- record_watermarks: keep what has arrived by now for tenants' days; a day that has more or newer rows than when somebody last
-- looked has changed now. A day that nobody looked at before counts as changed when its newest row was received.
-- Fewer rows, as after their retention, change nothing. Rows outside the bounds of an entry are not counted, because
-- nothing is made of them. An attribution event counts once for each of its deliveries, whatever day they name: another
-- one, found late, changes the days that had counted it. Grain: one row per tenant, day and source.
-- Parameters: tenants (uuid[]) and days (date[]), which belong together; sources (text[]).
WITH requested AS (
    SELECT DISTINCT
        pair.tenant_id,
        pair.day,
        pair.day::timestamp AT TIME ZONE 'UTC' AS starts_at,
        (pair.day + 1)::timestamp AT TIME ZONE 'UTC' AS ends_at
    FROM unnest(%(tenants)s::uuid[], %(days)s::date[]) AS pair (tenant_id, day)
),

found AS (
    SELECT
        requested.tenant_id,
        'requests' AS source,
        requested.day,
        arrived.rows,
        arrived.received_at
    FROM requested
    CROSS JOIN LATERAL (
        SELECT
            count(*) AS rows,
            max(events.received_at) AS received_at
        FROM listener_events AS events
        WHERE
            events.tenant_id = requested.tenant_id
            AND events.occurred_at >= requested.starts_at AND events.occurred_at < requested.ends_at
            AND request_in_bounds(
                events.occurred_at, events.received_at, events.range_start, events.range_end, events.bytes_sent,
                events.position_seconds, events.heard_seconds
            )
    ) AS arrived
    WHERE 'requests' = any(%(sources)s::text[])
    UNION ALL
    SELECT
        requested.tenant_id,
        'ads' AS source,
        requested.day,
        arrived.rows,
        arrived.received_at
    FROM requested
    CROSS JOIN LATERAL (
        SELECT
            count(*) AS rows,
            max(events.received_at) AS received_at
        FROM attribution_events AS events
        INNER JOIN attribution_deliveries AS deliveries
            ON events.tenant_id = deliveries.tenant_id AND events.event_id = deliveries.event_id
        WHERE
            events.tenant_id = requested.tenant_id
            AND events.occurred_at >= requested.starts_at AND events.occurred_at < requested.ends_at
            AND events.kind IN ('impression', 'click')
            AND signal_in_bounds(events.occurred_at, events.received_at, events.value_minor)
    ) AS arrived
    WHERE 'ads' = any(%(sources)s::text[])
    UNION ALL
    SELECT
        requested.tenant_id,
        'signals' AS source,
        requested.day,
        arrived.rows,
        arrived.received_at
    FROM requested
    CROSS JOIN LATERAL (
        SELECT
            count(*) AS rows,
            max(signals.received_at) AS received_at
        FROM (
            SELECT
                alone.tenant_id,
                alone.event_id,
                alone.occurred_at,
                alone.received_at,
                alone.value_minor
            FROM attribution_events AS alone
            WHERE
                alone.tenant_id = requested.tenant_id
                AND alone.occurred_at >= requested.starts_at AND alone.occurred_at < requested.ends_at
                AND clean_order_id(alone.order_id) IS NULL
                AND alone.kind NOT IN ('impression', 'click', 'survey', 'refund')
            UNION ALL
            SELECT
                reported.tenant_id,
                reported.event_id,
                reported.occurred_at,
                reported.received_at,
                reported.value_minor
            FROM (
                SELECT DISTINCT
                    events.sponsor_id,
                    clean_order_id(events.order_id) AS order_id
                FROM attribution_events AS events
                WHERE
                    events.tenant_id = requested.tenant_id
                    AND events.occurred_at >= requested.starts_at AND events.occurred_at < requested.ends_at
                    AND clean_order_id(events.order_id) IS NOT NULL
                    AND events.kind NOT IN ('impression', 'click', 'survey', 'refund')
                    AND signal_in_bounds(events.occurred_at, events.received_at, events.value_minor)
            ) AS orders
            INNER JOIN attribution_events AS reported
                ON
                    requested.tenant_id = reported.tenant_id
                    AND orders.sponsor_id = reported.sponsor_id
                    AND orders.order_id = clean_order_id(reported.order_id)
            WHERE clean_order_id(reported.order_id) IS NOT NULL AND reported.kind NOT IN ('impression', 'click')
        ) AS signals
        INNER JOIN attribution_deliveries AS deliveries
            ON signals.tenant_id = deliveries.tenant_id AND signals.event_id = deliveries.event_id
        WHERE signal_in_bounds(signals.occurred_at, signals.received_at, signals.value_minor)
    ) AS arrived
    WHERE 'signals' = any(%(sources)s::text[])
)

INSERT INTO ingest_watermarks AS recorded (tenant_id, source, day, rows, received_at, changed_at)
SELECT
    found.tenant_id,
    found.source,
    found.day,
    found.rows,
    found.received_at,
    coalesce(least(found.received_at, clock_timestamp()), '1970-01-01 00:00:00+00'::timestamptz) AS changed_at
FROM found
ORDER BY found.tenant_id, found.source, found.day
ON CONFLICT (tenant_id, source, day) DO UPDATE SET
rows = excluded.rows,
received_at = excluded.received_at,
changed_at = CASE
    WHEN
        excluded.rows > recorded.rows
        OR excluded.received_at > recorded.received_at
        OR (recorded.received_at IS NULL AND excluded.received_at IS NOT NULL)
        THEN clock_timestamp()
    ELSE recorded.changed_at
END
WHERE (recorded.rows, recorded.received_at) IS DISTINCT FROM (excluded.rows, excluded.received_at)
