-- read_conversion_signals: the signals of every conversion that has one in [start, end), those of other days included.
-- Grain: one row per event: all signals, survey answers and refunds of an order that has a signal in the window, and
-- events without an order id inside it, unless the same event was delivered in the 7 days before the window under another
-- time, which made its conversion. Order is not guaranteed. Parameters: start, end (timestamptz), tenants, sponsors
-- (uuid[]; sponsors NULL: all).
WITH orders AS (
    SELECT DISTINCT
        tenant_id,
        sponsor_id,
        order_id
    FROM attribution_events
    WHERE
        tenant_id = any(%(tenants)s)
        AND (%(sponsors)s::uuid[] IS NULL OR sponsor_id = any(%(sponsors)s::uuid[]))
        AND occurred_at >= %(start)s AND occurred_at < %(end)s
        AND order_id IS NOT NULL
        AND kind NOT IN ('impression', 'click', 'survey', 'refund')
)

SELECT
    events.tenant_id,
    events.event_id,
    events.occurred_at,
    events.received_at,
    events.sponsor_id,
    events.campaign_id,
    events.placement_id,
    events.kind,
    events.signal,
    events.order_id,
    events.value_minor,
    events.currency::text AS currency,
    events.promo_code,
    events.household_key,
    events.listener_key,
    events.listener_id,
    host(events.client_ip) AS client_ip,
    events.user_agent,
    events.is_new_customer
FROM attribution_events AS events
LEFT JOIN orders
    ON
        events.tenant_id = orders.tenant_id
        AND events.sponsor_id = orders.sponsor_id
        AND events.order_id = orders.order_id
WHERE
    events.tenant_id = any(%(tenants)s)
    AND (%(sponsors)s::uuid[] IS NULL OR events.sponsor_id = any(%(sponsors)s::uuid[]))
    AND events.kind NOT IN ('impression', 'click')
    AND (
        orders.order_id IS NOT NULL
        OR (events.order_id IS NULL AND events.occurred_at >= %(start)s AND events.occurred_at < %(end)s)
    )
    AND NOT EXISTS (
        SELECT 1
        FROM attribution_events AS before
        WHERE
            events.order_id IS NULL
            AND before.order_id IS NULL
            AND before.tenant_id = any(%(tenants)s)
            AND before.occurred_at >= %(start)s::timestamptz - interval '7 days' AND before.occurred_at < %(start)s
            AND before.kind NOT IN ('impression', 'click')
            AND before.tenant_id = events.tenant_id
            AND before.event_id = events.event_id
    )
