-- explain_earned: what campaigns earned from the conversions in [start, end) under a model, with the money of each share.
-- Grain: one row per conversion, placement and episode that has credit. credit: the share of the conversion. net_minor:
-- its value less what was taken back before as_of, in the campaigns' currency; revenue_minor: the share of it, split over
-- all credits of the conversion by the largest remainder, so that the shares add up to it.
-- A model that is not stored (last_paid_touch, j_shaped, inverse_j) is made from the stored paths.
-- Parameters: start, end, as_of (timestamptz), first, last (date), campaigns (uuid[]), model, currency (text),
-- placements, episodes (uuid[]): those to keep to; NULL: all. currencies (text[]), digits (bigint[]): the currencies
-- that do not have two minor digits, and how many they have.
WITH digits AS (
    SELECT
        code,
        digits
    FROM unnest(%(currencies)s::text[], %(digits)s::bigint[]) AS listed (code, digits)
),

paths AS (
    SELECT
        touches.day,
        touches.conversion_id,
        touches.placement_id,
        touches.episode_id,
        touches.campaign_id,
        touches.touch_no,
        count(*) OVER path AS touches,
        coalesce(max(touches.touch_no) FILTER (WHERE placements.cost_minor IS DISTINCT FROM 0) OVER path, count(*) OVER path)
            AS last_paid
    FROM bi.attribution_touches AS touches
    LEFT JOIN bi.placements ON touches.placement_id = placements.placement_id
    WHERE
        touches.day >= %(first)s AND touches.day <= %(last)s
        AND %(model)s IN ('last_paid_touch', 'j_shaped', 'inverse_j')
    WINDOW path AS (PARTITION BY touches.day, touches.conversion_id)
),

weighed AS (
    SELECT
        *,
        CASE
            WHEN %(model)s = 'last_paid_touch' THEN CASE WHEN touch_no = last_paid THEN 1.0 ELSE 0.0 END
            WHEN touch_no = CASE WHEN %(model)s = 'j_shaped' THEN touches ELSE 1 END
                THEN CASE WHEN touches = 2 THEN 0.75 ELSE 0.6 END
            WHEN touch_no = CASE WHEN %(model)s = 'j_shaped' THEN 1 ELSE touches END
                THEN CASE WHEN touches = 2 THEN 0.25 ELSE 0.2 END
            ELSE 0.2 / (touches - 2)
        END::double precision AS weight
    FROM paths
),

credits AS (
    SELECT
        day,
        conversion_id,
        placement_id,
        episode_id,
        campaign_id,
        credit
    FROM bi.attribution_credits
    WHERE model = %(model)s AND day >= %(first)s AND day <= %(last)s
    UNION ALL
    SELECT
        day,
        conversion_id,
        placement_id,
        episode_id,
        campaign_id,
        sum(share) AS credit
    FROM (
        SELECT
            weighed.*,
            weight / sum(weight) OVER (PARTITION BY day, conversion_id) AS share
        FROM weighed
    ) AS shared
    GROUP BY day, conversion_id, placement_id, episode_id, campaign_id
    HAVING sum(share) > 0
),

converted AS (
    SELECT conversions.*
    FROM bi.conversions
    WHERE
        conversions.converted_at >= %(start)s
        AND conversions.converted_at < %(end)s
        AND (conversions.day, conversions.conversion_id) IN (
            SELECT
                credits.day,
                credits.conversion_id
            FROM credits
            WHERE credits.campaign_id = any(%(campaigns)s::uuid[])
        )
),

-- Each refund in the currency of its conversion, at the rate of its own day.
refunds AS (
    SELECT
        adjustments.conversion_id,
        sum(
            CASE
                WHEN adjustments.currency = converted.currency THEN adjustments.value_minor
                ELSE
                    round(
                        adjustments.value_minor * rates.rate
                        * 10.0 ^ (coalesce(theirs.digits, 2) - coalesce(own.digits, 2))::numeric
                    )
            END
        ) AS refunded_minor
    FROM converted
    INNER JOIN bi.conversion_adjustments AS adjustments
        ON converted.day = adjustments.day AND converted.conversion_id = adjustments.conversion_id
    LEFT JOIN bi.fx_rates AS rates
        ON
            (adjustments.occurred_at AT TIME ZONE 'UTC')::date = rates.day
            AND adjustments.currency = rates.base
            AND converted.currency = rates.quote
    LEFT JOIN digits AS own ON adjustments.currency::text = own.code
    LEFT JOIN digits AS theirs ON converted.currency::text = theirs.code
    WHERE adjustments.occurred_at < %(as_of)s
    GROUP BY adjustments.conversion_id
),

valued AS (
    SELECT
        converted.*,
        coalesce(refunds.refunded_minor, 0) AS refunded_minor,
        CASE
            WHEN converted.currency::text = %(currency)s THEN converted.value_minor - coalesce(refunds.refunded_minor, 0)
            ELSE
                round(
                    (converted.value_minor - coalesce(refunds.refunded_minor, 0)) * rates.rate
                    * 10.0 ^ (coalesce(theirs.digits, 2) - coalesce(own.digits, 2))::numeric
                )
        END AS net_minor
    FROM converted
    LEFT JOIN refunds ON converted.conversion_id = refunds.conversion_id
    LEFT JOIN bi.fx_rates AS rates
        ON converted.day = rates.day AND converted.currency = rates.base AND rates.quote::text = %(currency)s
    LEFT JOIN digits AS own ON converted.currency::text = own.code
    LEFT JOIN digits AS theirs ON theirs.code = %(currency)s
),

-- The whole minor units of each share, and what is left of it.
cut AS (
    SELECT
        credits.day,
        credits.conversion_id,
        credits.placement_id,
        credits.episode_id,
        credits.campaign_id,
        credits.credit,
        valued.net_minor,
        floor(round((abs(valued.net_minor) * credits.credit)::numeric, 6)) AS whole,
        mod(round((abs(valued.net_minor) * credits.credit)::numeric, 6), 1) AS rest
    FROM credits
    INNER JOIN valued ON credits.day = valued.day AND credits.conversion_id = valued.conversion_id
),

split AS (
    SELECT
        cut.*,
        abs(net_minor) - sum(whole) OVER (PARTITION BY conversion_id) AS left_over,
        row_number() OVER (PARTITION BY conversion_id ORDER BY rest DESC, placement_id ASC, episode_id ASC) AS place
    FROM cut
)

SELECT
    valued.converted_at,
    valued.kind,
    valued.kind = campaigns.goal_kind AS is_goal,
    valued.order_id,
    valued.matched_by,
    campaigns.name AS campaign,
    placements.name AS placement,
    episodes.title AS episode,
    split.credit,
    valued.value_minor,
    valued.currency::text AS currency,
    valued.refunded_minor::bigint AS refunded_minor,
    split.net_minor::bigint AS net_minor,
    (sign(split.net_minor) * (split.whole + CASE WHEN split.place <= split.left_over THEN 1 ELSE 0 END))::bigint
        AS revenue_minor,
    -- What conversions are independent by: the household, else the listener, else each stands alone.
    coalesce(
        'household ' || CASE WHEN valued.address_class = 'household' THEN valued.household_key END::text,
        'listener ' || valued.listener_id,
        'conversion ' || valued.conversion_id::text
    ) AS unit,
    CASE WHEN valued.address_class = 'household' THEN valued.household_key END AS household_key,
    valued.matched_by = 'household'
    OR (valued.matched_by = 'listener' AND valued.address_class = 'household' AND valued.household_key IS NOT NULL)
        AS is_by_address,
    split.placement_id::text AS placement_id,
    split.episode_id::text AS episode_id,
    split.conversion_id::text AS conversion_id
FROM split
INNER JOIN valued ON split.conversion_id = valued.conversion_id
INNER JOIN bi.campaigns ON split.campaign_id = campaigns.campaign_id
LEFT JOIN bi.placements ON split.placement_id = placements.placement_id
LEFT JOIN bi.episodes ON split.episode_id = episodes.episode_id
WHERE split.campaign_id = any(%(campaigns)s::uuid[])
    AND (%(placements)s::uuid[] IS NULL OR split.placement_id = any(%(placements)s::uuid[]))
    AND (%(episodes)s::uuid[] IS NULL OR split.episode_id = any(%(episodes)s::uuid[]))
