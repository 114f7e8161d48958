-- reopen_edited_days: note days of assets that were made of a setting that has been edited since.
-- What a run made that began after the edit was seen was made of the new setting and stays as it is.
-- Grain: one row per tenant: how many were noted. Parameters: edits (bigint[]): of setting_edits; steps, assets (text[]),
-- which belong together: the asset of each step; longest_window (integer): for so many days a campaign is live after its end.
WITH edits AS (
    SELECT
        edit.*,
        CASE WHEN edit.old_row IS NULL THEN 'insert' WHEN edit.new_row IS NULL THEN 'delete' ELSE 'update' END AS operation
    FROM setting_edits AS edit
    WHERE edit.edit_id = any(%(edits)s::bigint[]) AND edit.seen_at IS NOT NULL
),

-- What was there before and what is there since: days depend on both.
sides AS (
    SELECT
        edits.tenant_id,
        edits.table_name,
        edits.operation,
        edits.seen_at,
        edits.old_row,
        edits.new_row,
        side.content
    FROM edits
    CROSS JOIN LATERAL (VALUES (edits.old_row), (edits.new_row)) AS side (content)
    WHERE side.content IS NOT NULL
),

computed AS (
    SELECT
        line.tenant_id,
        step.step,
        line.asset,
        line.day,
        line.began_at,
        -- A run reads settings once for all of its days.
        min(line.began_at) OVER (PARTITION BY line.tenant_id, line.asset, line.run_id) AS run_began_at
    FROM rollup_ledger AS line
    INNER JOIN unnest(%(steps)s::text[], %(assets)s::text[]) AS step (step, asset) ON line.asset = step.asset
    WHERE line.tenant_id IN (SELECT edits.tenant_id FROM edits)
),

-- Files whose requests are judged otherwise, and episodes. A new one concerns days with requests for something unknown, and
-- one beside others of its episode also requests that name the episode alone.
files AS (
    SELECT
        sides.tenant_id,
        sides.seen_at,
        (sides.content ->> 'asset_id')::uuid AS asset_id,
        (sides.content ->> 'episode_id')::uuid AS episode_id,
        sides.operation = 'insert' AS is_new
    FROM sides
    WHERE
        sides.table_name = 'media_assets'
        OR (
            sides.table_name = 'episodes'
            AND (
                sides.operation <> 'update'
                OR (sides.old_row -> 'podcast_id', sides.old_row -> 'duration_s', sides.old_row -> 'published_at')
                IS DISTINCT FROM
                (sides.new_row -> 'podcast_id', sides.new_row -> 'duration_s', sides.new_row -> 'published_at')
            )
        )
),

requested AS (
    SELECT DISTINCT
        files.tenant_id,
        files.seen_at,
        (events.occurred_at AT TIME ZONE 'UTC')::date AS day
    FROM files
    INNER JOIN listener_events AS events ON files.tenant_id = events.tenant_id AND files.asset_id = events.asset_id
    WHERE NOT files.is_new
    UNION
    SELECT DISTINCT
        files.tenant_id,
        files.seen_at,
        (events.occurred_at AT TIME ZONE 'UTC')::date AS day
    FROM files
    INNER JOIN listener_events AS events ON files.tenant_id = events.tenant_id AND files.episode_id = events.episode_id
    WHERE
        NOT files.is_new
        OR EXISTS (
            SELECT FROM media_assets AS others
            WHERE
                others.tenant_id = files.tenant_id AND others.episode_id = files.episode_id
                AND others.asset_id <> files.asset_id
        )
    UNION
    SELECT DISTINCT
        files.tenant_id,
        files.seen_at,
        unknown.day
    FROM files
    INNER JOIN request_dispositions AS unknown ON files.tenant_id = unknown.tenant_id
    WHERE files.is_new AND unknown.disposition = 'unknown_asset' AND unknown.requests > 0
),

released AS (
    SELECT
        sides.tenant_id,
        sides.seen_at,
        (sides.content ->> 'podcast_id')::uuid AS podcast_id,
        ((sides.content ->> 'published_at')::timestamptz AT TIME ZONE 'UTC')::date AS day
    FROM sides
    WHERE
        sides.table_name = 'episodes'
        AND (
            sides.operation <> 'update'
            OR (sides.old_row -> 'podcast_id', sides.old_row -> 'published_at')
            IS DISTINCT FROM (sides.new_row -> 'podcast_id', sides.new_row -> 'published_at')
        )
),

-- Placements that lead elsewhere or at other times than before. is_owned: by another campaign or sponsor than before;
-- since: no earlier day depends on it.
moved AS (
    SELECT
        sides.tenant_id,
        sides.seen_at,
        (sides.content ->> 'placement_id')::uuid AS placement_id,
        sides.table_name = 'placements'
        AND coalesce((sides.old_row -> 'campaign_id') <> (sides.new_row -> 'campaign_id'), TRUE) AS is_owned,
        NULL::date AS since
    FROM sides
    WHERE
        sides.table_name = 'placement_episodes'
        OR (
            sides.table_name = 'placements'
            AND (
                sides.operation <> 'update'
                OR (sides.old_row - '{booked_impressions, cost_minor, pricing, name}'::text[])
                IS DISTINCT FROM (sides.new_row - '{booked_impressions, cost_minor, pricing, name}'::text[])
            )
        )
    UNION
    SELECT
        sides.tenant_id,
        sides.seen_at,
        placements.placement_id,
        TRUE AS is_owned,
        NULL::date AS since
    FROM sides
    INNER JOIN placements
        ON sides.tenant_id = placements.tenant_id AND (sides.content ->> 'campaign_id')::uuid = placements.campaign_id
    WHERE
        sides.table_name = 'campaigns' AND sides.operation = 'update'
        AND (sides.old_row -> 'sponsor_id') IS DISTINCT FROM (sides.new_row -> 'sponsor_id')
    UNION
    -- A dynamic placement that lists no episodes airs in those of its show.
    SELECT
        released.tenant_id,
        released.seen_at,
        placements.placement_id,
        FALSE AS is_owned,
        min(released.day) AS since
    FROM released
    INNER JOIN placements
        ON released.tenant_id = placements.tenant_id AND released.podcast_id = placements.podcast_id
    WHERE
        placements.kind = 'dynamic' AND released.day <= placements.flight_end
        AND NOT EXISTS (
            SELECT FROM placement_episodes AS listed
            WHERE listed.tenant_id = placements.tenant_id AND listed.placement_id = placements.placement_id
        )
    GROUP BY released.tenant_id, released.seen_at, placements.placement_id
),

-- Files whose ads are others, by their spans or by what these spans belong to.
cut AS (
    SELECT
        sides.tenant_id,
        sides.seen_at,
        (sides.content ->> 'asset_id')::uuid AS asset_id
    FROM sides
    WHERE sides.table_name = 'asset_segments'
    UNION
    SELECT
        moved.tenant_id,
        moved.seen_at,
        segments.asset_id
    FROM moved
    INNER JOIN asset_segments AS segments
        ON moved.tenant_id = segments.tenant_id AND moved.placement_id = segments.placement_id
    WHERE moved.is_owned
),

-- Words whose meaning has changed, and placements that an answer of a survey may name.
words AS (
    SELECT
        sides.tenant_id,
        sides.seen_at,
        (sides.content ->> 'sponsor_id')::uuid AS sponsor_id,
        clean_code(sides.content ->> 'code') AS code,
        NULL::uuid AS placement_id,
        NULL::date AS since
    FROM sides
    WHERE sides.table_name = 'promo_codes'
    UNION
    SELECT
        moved.tenant_id,
        moved.seen_at,
        codes.sponsor_id,
        clean_code(codes.code) AS code,
        moved.placement_id,
        moved.since
    FROM moved
    LEFT JOIN promo_codes AS codes
        ON moved.tenant_id = codes.tenant_id AND moved.placement_id = codes.placement_id
),

given AS (
    SELECT
        words.tenant_id,
        words.seen_at,
        words.since,
        signals.sponsor_id,
        signals.order_id,
        signals.kind,
        signals.signal,
        signals.occurred_at
    FROM words
    INNER JOIN attribution_events AS signals
        ON
            words.tenant_id = signals.tenant_id
            AND words.sponsor_id = signals.sponsor_id
            AND words.code = clean_code(signals.promo_code)
    WHERE signals.promo_code IS NOT NULL
    UNION
    SELECT
        words.tenant_id,
        words.seen_at,
        words.since,
        answers.sponsor_id,
        answers.order_id,
        answers.kind,
        answers.signal,
        answers.occurred_at
    FROM words
    INNER JOIN attribution_events AS answers
        ON words.tenant_id = answers.tenant_id AND words.placement_id = answers.placement_id
    WHERE answers.signal = 'survey' OR answers.kind = 'survey'
),

-- An order stands on the day of its earliest signal of a kind, whichever signal gave the word.
signalled AS (
    SELECT DISTINCT
        signals.tenant_id,
        signals.seen_at,
        (coalesce(earliest.occurred_at, signals.occurred_at) AT TIME ZONE 'UTC')::date AS day
    FROM given AS signals
    LEFT JOIN LATERAL (
        SELECT min(first.occurred_at) AS occurred_at
        FROM attribution_events AS first
        WHERE
            first.tenant_id = signals.tenant_id AND first.sponsor_id = signals.sponsor_id
            AND clean_order_id(first.order_id) IS NOT NULL
            AND clean_order_id(first.order_id) = clean_order_id(signals.order_id)
            AND (first.kind = signals.kind OR signals.signal = 'survey' OR signals.kind = 'survey')
            AND first.kind NOT IN ('impression', 'click', 'survey', 'refund')
    ) AS earliest ON TRUE
    WHERE
        signals.kind NOT IN ('impression', 'click', 'refund')
        AND (signals.since IS NULL OR (signals.occurred_at AT TIME ZONE 'UTC')::date >= signals.since)
),

-- Campaigns whose results are others: from their start on, as long as their sponsor has a live one. because: campaign,
-- sponsor (it has another one), settings (of attribution), placement, price (and airings), which concern money alone, or
-- holdout, which concerns lift alone.
resulting AS (
    SELECT
        sides.tenant_id,
        sides.seen_at,
        (sides.content ->> 'campaign_id')::uuid AS campaign_id,
        NULL::date AS since,
        CASE
            WHEN
                sides.operation = 'update'
                AND coalesce((sides.old_row -> 'sponsor_id') <> (sides.new_row -> 'sponsor_id'), TRUE)
                THEN 'sponsor'
            ELSE 'campaign'
        END AS because
    FROM sides
    WHERE sides.table_name = 'campaigns'
    UNION
    SELECT
        sides.tenant_id,
        sides.seen_at,
        (sides.content ->> 'campaign_id')::uuid AS campaign_id,
        NULL::date AS since,
        CASE WHEN sides.operation = 'update'
            AND (sides.old_row - '{booked_impressions, cost_minor}'::text[])
            = (sides.new_row - '{booked_impressions, cost_minor}'::text[])
            THEN 'price' ELSE 'placement' END AS because
    FROM sides
    WHERE sides.table_name = 'placements'
    UNION
    SELECT
        sides.tenant_id,
        sides.seen_at,
        (sides.content ->> 'campaign_id')::uuid AS campaign_id,
        CASE WHEN (sides.content ->> 'version')::integer > 1
            THEN ((sides.content ->> 'valid_from')::timestamptz AT TIME ZONE 'UTC')::date END AS since,
        'settings' AS because
    FROM sides
    WHERE sides.table_name = 'attribution_configs'
    UNION
    SELECT
        sides.tenant_id,
        sides.seen_at,
        (sides.content ->> 'campaign_id')::uuid AS campaign_id,
        NULL::date AS since,
        'holdout' AS because
    FROM sides
    WHERE sides.table_name = 'campaign_holdouts'
    UNION
    SELECT
        moved.tenant_id,
        moved.seen_at,
        placements.campaign_id,
        moved.since,
        'price' AS because
    FROM moved
    INNER JOIN placements ON moved.tenant_id = placements.tenant_id AND moved.placement_id = placements.placement_id
),

flights AS (
    SELECT
        resulting.tenant_id,
        resulting.seen_at,
        resulting.because,
        resulting.since,
        own.sponsor_id,
        least(own.starts_on, former.starts_on) AS first_day,
        greatest(alive.ends_on, former.ends_on) + 1 + %(longest_window)s AS last_day
    FROM resulting
    LEFT JOIN campaigns AS own
        ON resulting.tenant_id = own.tenant_id AND resulting.campaign_id = own.campaign_id
    LEFT JOIN LATERAL (
        SELECT
            min((sides.content ->> 'starts_on')::date) AS starts_on,
            max((sides.content ->> 'ends_on')::date) AS ends_on
        FROM sides
        WHERE
            sides.table_name = 'campaigns' AND sides.tenant_id = resulting.tenant_id
            AND (sides.content ->> 'campaign_id')::uuid = resulting.campaign_id
    ) AS former ON TRUE
    LEFT JOIN LATERAL (
        SELECT max(others.ends_on) AS ends_on
        FROM campaigns AS others
        WHERE others.tenant_id = own.tenant_id AND others.sponsor_id = own.sponsor_id
    ) AS alive ON TRUE
),

affected AS (
    -- How a tenant measures: every day of it.
    SELECT
        edits.tenant_id,
        edits.seen_at,
        'listening_day' AS step,
        '-infinity'::date AS first_day,
        'infinity'::date AS last_day
    FROM edits
    WHERE
        edits.table_name = 'tenants'
        AND (edits.old_row -> 'download_window', edits.old_row -> 'suspect_pairs', edits.old_row -> 'whole_file_slack')
        IS DISTINCT FROM
        (edits.new_row -> 'download_window', edits.new_row -> 'suspect_pairs', edits.new_row -> 'whole_file_slack')
    UNION ALL
    SELECT
        edits.tenant_id,
        edits.seen_at,
        'audience_day' AS step,
        '-infinity'::date AS first_day,
        'infinity'::date AS last_day
    FROM edits
    WHERE edits.table_name = 'tenants' AND (edits.old_row -> 'lateness_hours') IS DISTINCT FROM (edits.new_row -> 'lateness_hours')
    UNION ALL
    SELECT
        requested.tenant_id,
        requested.seen_at,
        step.step,
        requested.day AS first_day,
        requested.day AS last_day
    FROM requested
    CROSS JOIN (VALUES ('listening_day'), ('playback_day')) AS step (step)
    UNION ALL
    SELECT
        released.tenant_id,
        released.seen_at,
        'audience_day' AS step,
        released.day AS first_day,
        'infinity'::date AS last_day
    FROM released
    UNION ALL
    SELECT DISTINCT
        cut.tenant_id,
        cut.seen_at,
        'listening_day' AS step,
        downloads.day AS first_day,
        downloads.day AS last_day
    FROM cut
    INNER JOIN downloads ON cut.tenant_id = downloads.tenant_id AND cut.asset_id = downloads.asset_id
    UNION ALL
    -- Impressions and clicks of a placement, or of a campaign that may have it.
    SELECT DISTINCT
        moved.tenant_id,
        moved.seen_at,
        'listening_day' AS step,
        (ads.occurred_at AT TIME ZONE 'UTC')::date AS first_day,
        (ads.occurred_at AT TIME ZONE 'UTC')::date AS last_day
    FROM moved
    INNER JOIN attribution_events AS ads ON moved.tenant_id = ads.tenant_id AND moved.placement_id = ads.placement_id
    WHERE
        ads.kind IN ('impression', 'click')
        AND (moved.since IS NULL OR (ads.occurred_at AT TIME ZONE 'UTC')::date >= moved.since)
    UNION ALL
    SELECT DISTINCT
        moved.tenant_id,
        moved.seen_at,
        'listening_day' AS step,
        (ads.occurred_at AT TIME ZONE 'UTC')::date AS first_day,
        (ads.occurred_at AT TIME ZONE 'UTC')::date AS last_day
    FROM moved
    INNER JOIN placements ON moved.tenant_id = placements.tenant_id AND moved.placement_id = placements.placement_id
    INNER JOIN attribution_events AS ads
        ON moved.tenant_id = ads.tenant_id AND placements.campaign_id = ads.campaign_id
    WHERE
        ads.placement_id IS NULL
        AND ads.kind IN ('impression', 'click')
        AND (moved.since IS NULL OR (ads.occurred_at AT TIME ZONE 'UTC')::date >= moved.since)
    UNION ALL
    -- An address that is exempted from the rules, or is not any more.
    SELECT DISTINCT
        sides.tenant_id,
        sides.seen_at,
        'listening_day' AS step,
        (events.occurred_at AT TIME ZONE 'UTC')::date AS first_day,
        (events.occurred_at AT TIME ZONE 'UTC')::date AS last_day
    FROM sides
    INNER JOIN listener_events AS events
        ON sides.tenant_id = events.tenant_id AND network_supeq((sides.content ->> 'network')::inet, events.client_ip)
    WHERE sides.table_name = 'ip_inclusions'
    UNION ALL
    SELECT
        signalled.tenant_id,
        signalled.seen_at,
        'attribution_day' AS step,
        signalled.day AS first_day,
        signalled.day AS last_day
    FROM signalled
    UNION ALL
    -- Another window or touch concerns every conversion of the sponsor from then on.
    SELECT DISTINCT
        flights.tenant_id,
        flights.seen_at,
        'attribution_day' AS step,
        conversions.day AS first_day,
        conversions.day AS last_day
    FROM flights
    INNER JOIN conversions
        ON flights.tenant_id = conversions.tenant_id AND flights.sponsor_id = conversions.sponsor_id
    WHERE
        flights.because IN ('settings', 'sponsor')
        AND (flights.since IS NULL OR conversions.day >= flights.since)
    UNION ALL
    SELECT
        flights.tenant_id,
        flights.seen_at,
        step.step,
        greatest(flights.first_day, flights.since) AS first_day,
        flights.last_day
    FROM flights
    CROSS JOIN (VALUES ('campaign_roi'), ('campaign_week'), ('campaign_reach')) AS step (step)
    WHERE
        (step.step = 'campaign_roi' AND flights.because <> 'holdout')
        OR (step.step = 'campaign_week' AND flights.because <> 'price')
        OR flights.because IN ('campaign', 'sponsor')
    UNION ALL
    -- A rate concerns results with money of its day in one of its currencies.
    SELECT DISTINCT
        conversions.tenant_id,
        sides.seen_at,
        step.step,
        (sides.content ->> 'day')::date AS first_day,
        'infinity'::date AS last_day
    FROM sides
    INNER JOIN conversions
        ON
            sides.tenant_id = conversions.tenant_id
            AND conversions.currency::text IN (sides.content ->> 'base', sides.content ->> 'quote')
            AND conversions.day = (sides.content ->> 'day')::date
    CROSS JOIN (VALUES ('campaign_roi'), ('campaign_week')) AS step (step)
    WHERE
        sides.table_name = 'fx_rates'
        AND EXISTS (
            SELECT FROM campaigns
            WHERE
                campaigns.tenant_id = conversions.tenant_id AND campaigns.sponsor_id = conversions.sponsor_id
                AND campaigns.currency <> conversions.currency
                AND campaigns.currency::text IN (sides.content ->> 'base', sides.content ->> 'quote')
        )
    UNION ALL
    SELECT DISTINCT
        adjustments.tenant_id,
        sides.seen_at,
        step.step,
        adjustments.day AS first_day,
        CASE WHEN step.step = 'attribution_day' THEN adjustments.day ELSE 'infinity'::date END AS last_day
    FROM sides
    INNER JOIN conversion_adjustments AS adjustments
        ON
            sides.tenant_id = adjustments.tenant_id
            AND adjustments.currency::text IN (sides.content ->> 'base', sides.content ->> 'quote')
            AND (adjustments.occurred_at AT TIME ZONE 'UTC')::date = (sides.content ->> 'day')::date
    CROSS JOIN (VALUES ('campaign_roi'), ('campaign_week'), ('attribution_day')) AS step (step)
    WHERE sides.table_name = 'fx_rates'
),

reopened AS (
    SELECT
        computed.tenant_id,
        computed.asset,
        computed.day,
        max(greatest(affected.seen_at, computed.began_at + interval '1 microsecond')) AS seen_at
    FROM computed
    INNER JOIN affected
        ON
            computed.tenant_id = affected.tenant_id
            AND computed.step = affected.step
            AND computed.day BETWEEN affected.first_day AND affected.last_day
            AND computed.run_began_at < affected.seen_at
    WHERE computed.step <> 'campaign_week' OR extract(ISODOW FROM computed.day) = 7
    GROUP BY computed.tenant_id, computed.asset, computed.day
),

noted AS (
    INSERT INTO reopened_days AS before (tenant_id, asset, day, reopened_at)
    SELECT
        reopened.tenant_id,
        reopened.asset,
        reopened.day,
        reopened.seen_at AS reopened_at
    FROM reopened
    ORDER BY reopened.tenant_id, reopened.asset, reopened.day
    ON CONFLICT (tenant_id, asset, day) DO UPDATE SET reopened_at = excluded.reopened_at
    WHERE before.reopened_at < excluded.reopened_at
    RETURNING before.tenant_id
)

SELECT
    noted.tenant_id,
    count(*) AS days
FROM noted
GROUP BY noted.tenant_id
