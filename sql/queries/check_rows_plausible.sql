-- check_rows_plausible: tenants with raw rows in [start, end) that are left out of every number, because a value of theirs
-- is outside the bounds of an entry: they came before the constraints, or past them.
-- Grain: one row per such tenant, with the first three of its rows in words. Parameters: start, end (timestamptz),
-- tenants (uuid[]).
WITH left_out AS (
    SELECT
        tenant_id,
        event_id,
        'listener_events' AS relation,
        CASE
            WHEN NOT in_event_time_bounds(received_at) THEN format('received_at %%s', received_at)
            WHEN NOT in_byte_bounds(range_start) THEN format('range_start %%s', range_start)
            WHEN NOT in_byte_bounds(range_end) THEN format('range_end %%s', range_end)
            WHEN NOT in_byte_bounds(bytes_sent) THEN format('bytes_sent %%s', bytes_sent)
            WHEN NOT in_seconds_bounds(position_seconds) THEN format('position_seconds %%s', position_seconds)
            ELSE format('heard_seconds %%s', heard_seconds)
        END AS wrong
    FROM listener_events
    WHERE
        tenant_id = any(%(tenants)s)
        AND occurred_at >= %(start)s AND occurred_at < %(end)s
        AND NOT request_in_bounds(
            occurred_at, received_at, range_start, range_end, bytes_sent, position_seconds, heard_seconds
        )
    UNION ALL
    SELECT
        tenant_id,
        event_id,
        'attribution_events' AS relation,
        CASE
            WHEN NOT in_event_time_bounds(received_at) THEN format('received_at %%s', received_at)
            ELSE format('value_minor %%s', value_minor)
        END AS wrong
    FROM attribution_events
    WHERE
        tenant_id = any(%(tenants)s)
        AND occurred_at >= %(start)s AND occurred_at < %(end)s
        AND NOT signal_in_bounds(occurred_at, received_at, value_minor)
),

numbered AS (
    SELECT
        *,
        row_number() OVER (PARTITION BY tenant_id ORDER BY relation, event_id) AS place
    FROM left_out
)

SELECT
    tenant_id,
    count(*) AS offences,
    string_agg(format('%%s of %%s %%s', wrong, relation, event_id), ', ' ORDER BY place) FILTER (WHERE place <= 3)
    || ': left out of every number until they are corrected or deleted' AS example
FROM numbered
GROUP BY tenant_id
