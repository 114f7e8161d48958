-- read_conversion_signals: the signals of every conversion that has one in [start, end), those of other days included.
-- An event that was delivered several times, under whatever times and however long ago, counts as its earliest delivery:
-- the key table finds it, and it counts as long as its row is there or what was made of it stands. Rows outside the
-- bounds of an entry are left out; check_rows_plausible counts them.
-- Order ids are compared and returned as clean_order_id has them.
-- Grain: one row per event: all signals, survey answers and refunds of an order that has a signal in the window, and
-- events without an order id inside it. Order is not guaranteed. Parameters: start, end (timestamptz), tenants, sponsors
-- (uuid[]; sponsors NULL: all).
WITH orders AS (
    SELECT DISTINCT
        tenant_id,
        sponsor_id,
        clean_order_id(order_id) AS order_id
    FROM attribution_events
    WHERE
        tenant_id = any(%(tenants)s)
        AND (%(sponsors)s::uuid[] IS NULL OR sponsor_id = any(%(sponsors)s::uuid[]))
        AND occurred_at >= %(start)s AND occurred_at < %(end)s
        AND clean_order_id(order_id) IS NOT NULL
        AND kind NOT IN ('impression', 'click', 'survey', 'refund')
        AND signal_in_bounds(occurred_at, received_at, value_minor)
),

found AS (
    SELECT events.*
    FROM orders
    INNER JOIN attribution_events AS events
        ON
            orders.tenant_id = events.tenant_id
            AND orders.sponsor_id = events.sponsor_id
            AND orders.order_id = clean_order_id(events.order_id)
    WHERE events.tenant_id = any(%(tenants)s) AND clean_order_id(events.order_id) IS NOT NULL
    UNION ALL
    SELECT alone.*
    FROM attribution_events AS alone
    WHERE
        alone.tenant_id = any(%(tenants)s)
        AND (%(sponsors)s::uuid[] IS NULL OR alone.sponsor_id = any(%(sponsors)s::uuid[]))
        AND alone.occurred_at >= %(start)s AND alone.occurred_at < %(end)s
        AND clean_order_id(alone.order_id) IS NULL
)

SELECT
    found.tenant_id,
    found.event_id,
    found.occurred_at,
    found.received_at,
    found.sponsor_id,
    found.campaign_id,
    found.placement_id,
    found.kind,
    found.signal,
    clean_order_id(found.order_id) AS order_id,
    found.value_minor,
    found.currency::text AS currency,
    found.promo_code,
    found.household_key,
    found.listener_key,
    found.listener_id,
    host(found.client_ip) AS client_ip,
    found.user_agent,
    found.is_new_customer
FROM found
WHERE
    found.kind NOT IN ('impression', 'click')
    AND signal_in_bounds(found.occurred_at, found.received_at, found.value_minor)
    AND NOT EXISTS (
        SELECT 1
        FROM attribution_deliveries AS before
        WHERE
            before.tenant_id = found.tenant_id
            AND before.event_id = found.event_id
            AND before.occurred_at < found.occurred_at
            AND (
                EXISTS (
                    SELECT 1
                    FROM attribution_events AS first
                    WHERE
                        first.tenant_id = before.tenant_id
                        AND first.event_id = before.event_id
                        AND first.occurred_at = before.occurred_at
                        AND first.kind NOT IN ('impression', 'click')
                        AND signal_in_bounds(first.occurred_at, first.received_at, first.value_minor)
                )
                OR EXISTS (
                    SELECT 1
                    FROM conversion_days AS made
                    WHERE
                        made.tenant_id = before.tenant_id
                        AND made.conversion_id = before.event_id
                        AND made.day = (before.occurred_at AT TIME ZONE 'UTC')::date
                )
            )
    )
