-- read_strange_rows: raw rows that no day of any tenant counts: of tenants that are not there, and of times that no day is
-- computed for (before 2000, from 2100 on, or more than two days ahead of now).
-- Grain: one row per table, tenant and reason: how many rows, the first and the last occurred_at as text (they may be
-- infinite). Parameters: none.
-- Tenants are found by leaping from one to the next in the primary key, not by looking at all rows.
WITH RECURSIVE requesting AS (
    (SELECT tenant_id FROM listener_events ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT following.tenant_id
        FROM listener_events AS following
        WHERE following.tenant_id > requesting.tenant_id
        ORDER BY following.tenant_id
        LIMIT 1
    ) AS tenant_id
    FROM requesting
    WHERE requesting.tenant_id IS NOT NULL
),

signalling AS (
    (SELECT tenant_id FROM attribution_events ORDER BY tenant_id LIMIT 1)
    UNION ALL
    SELECT (
        SELECT following.tenant_id
        FROM attribution_events AS following
        WHERE following.tenant_id > signalling.tenant_id
        ORDER BY following.tenant_id
        LIMIT 1
    ) AS tenant_id
    FROM signalling
    WHERE signalling.tenant_id IS NOT NULL
),

-- In place wherever it is named, so that each condition below reads only the chunks that it may concern.
raw AS NOT MATERIALIZED (
    SELECT
        'listener_events' AS relation,
        tenant_id,
        occurred_at
    FROM listener_events
    UNION ALL
    SELECT
        'attribution_events' AS relation,
        tenant_id,
        occurred_at
    FROM attribution_events
),

strange AS (
    SELECT
        'listener_events' AS relation,
        events.tenant_id,
        events.occurred_at,
        'no tenant' AS reason
    FROM requesting
    INNER JOIN listener_events AS events ON requesting.tenant_id = events.tenant_id
    WHERE requesting.tenant_id NOT IN (SELECT tenants.tenant_id FROM tenants)
    UNION ALL
    SELECT
        'attribution_events' AS relation,
        events.tenant_id,
        events.occurred_at,
        'no tenant' AS reason
    FROM signalling
    INNER JOIN attribution_events AS events ON signalling.tenant_id = events.tenant_id
    WHERE signalling.tenant_id NOT IN (SELECT tenants.tenant_id FROM tenants)
    UNION ALL
    SELECT
        raw.*,
        'no day' AS reason
    FROM raw
    WHERE raw.occurred_at < '2000-01-01 00:00:00+00'::timestamptz AND raw.tenant_id IN (SELECT tenants.tenant_id FROM tenants)
    UNION ALL
    SELECT
        raw.*,
        'no day' AS reason
    FROM raw
    WHERE raw.occurred_at > now() + interval '2 days' AND raw.tenant_id IN (SELECT tenants.tenant_id FROM tenants)
)

SELECT
    strange.relation,
    strange.tenant_id,
    tenants.slug,
    strange.reason,
    count(*) AS rows,
    min(strange.occurred_at)::text AS first_at,
    max(strange.occurred_at)::text AS last_at
FROM strange
LEFT JOIN tenants ON strange.tenant_id = tenants.tenant_id
GROUP BY strange.relation, strange.tenant_id, tenants.slug, strange.reason
ORDER BY strange.reason, strange.relation, strange.tenant_id
