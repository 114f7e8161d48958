-- read_stale_lines: tables of days from first to last that are older than what they were made of, by the ledger.
-- Stale is a line that began before something in its span changed, or a setting that it was made of was edited; one that is
-- missing from a day that was judged, or that an import brought rows of and that is over; the judgement of such a day; and a
-- provisional one six hours after its tenant's lateness has passed.
-- Grain: one row per tenant, asset and day, with the reason (older, missing, provisional: the last of them that holds)
-- and the last day that the tenant has computed, or that an import brought rows of.
-- Parameters: assets, sources, sinces (text[]), days_back, days_ahead (integer[]), only_rolling (boolean[]), which belong
-- together: what each asset is made of, and over which days, both ends included. A span begins (since) at the day;
-- window: as far back as the tenant's longest attribution window; campaign: at the earliest campaign of a sponsor with a
-- live one; or ever; less days_back; and it ends days_ahead after the day. only_rolling: both hold where a
-- tenant's windows roll over midnight. sundays (text[]): assets that have rows on Sundays only; raw_sources (text[]): sources
-- that are no assets; verdict (text): the asset that judges a day; default_window (integer): days of the window of a
-- campaign that sets none; longest_window (integer): for so many days a campaign is live after its end; changed_since
-- (timestamptz): older changes are already computed; first, last (date); tenants (uuid[]).
WITH rules AS (
    SELECT
        rule.asset,
        rule.source,
        rule.since,
        rule.days_back,
        rule.days_ahead,
        rule.only_rolling
    FROM unnest(
        %(assets)s::text[],
        %(sources)s::text[],
        %(sinces)s::text[],
        %(days_back)s::integer[],
        %(days_ahead)s::integer[],
        %(only_rolling)s::boolean[]
    ) AS rule (asset, source, since, days_back, days_ahead, only_rolling)
),

furthest AS (
    SELECT coalesce(max(rules.days_ahead), 0) AS days_ahead FROM rules
),

-- What changed before any of the lines began cannot make one stale.
oldest AS (
    SELECT greatest(min(began_at), %(changed_since)s) AS began_at
    FROM rollup_ledger
    WHERE
        tenant_id = any(%(tenants)s::uuid[])
        AND asset = any(%(assets)s::text[])
        AND day BETWEEN %(first)s AND %(last)s
),

changes AS (
    SELECT
        tenant_id,
        asset AS source,
        day,
        changed_at
    FROM rollup_ledger
    WHERE
        tenant_id = any(%(tenants)s::uuid[])
        AND asset = any(%(sources)s::text[])
        AND changed_at >= (SELECT oldest.began_at FROM oldest)
        AND day <= %(last)s::date + (SELECT furthest.days_ahead FROM furthest)
    UNION ALL
    SELECT
        tenant_id,
        source,
        day,
        changed_at
    FROM ingest_watermarks
    WHERE
        tenant_id = any(%(tenants)s::uuid[])
        AND source = any(%(sources)s::text[])
        AND changed_at >= (SELECT oldest.began_at FROM oldest)
        AND day <= %(last)s::date + (SELECT furthest.days_ahead FROM furthest)
),

windows AS (
    SELECT
        campaigns.tenant_id,
        campaigns.campaign_id,
        coalesce(max(ceil(settings.window_days))::integer, %(default_window)s) AS window_days
    FROM campaigns
    LEFT JOIN attribution_configs AS settings
        ON campaigns.tenant_id = settings.tenant_id AND campaigns.campaign_id = settings.campaign_id
    GROUP BY campaigns.tenant_id, campaigns.campaign_id
),

spans AS (
    SELECT
        tenants.tenant_id,
        tenants.lateness_hours,
        tenants.download_window <> 'calendar_day' AS is_rolling,
        coalesce((SELECT max(windows.window_days) FROM windows WHERE windows.tenant_id = tenants.tenant_id), 0)
            AS window_days
    FROM tenants
    WHERE tenants.tenant_id = any(%(tenants)s::uuid[])
),

-- Each line with each of its sources, and the last day that it reads.
reads AS (
    SELECT
        line.tenant_id,
        line.asset,
        line.day,
        line.began_at,
        rules.source,
        rules.since,
        CASE WHEN rules.only_rolling AND NOT spans.is_rolling THEN line.day ELSE line.day + rules.days_ahead END
            AS last_day,
        CASE WHEN rules.only_rolling AND NOT spans.is_rolling THEN 0 ELSE rules.days_back END AS days_back,
        spans.window_days
    FROM rollup_ledger AS line
    INNER JOIN rules ON line.asset = rules.asset
    INNER JOIN spans ON line.tenant_id = spans.tenant_id
    WHERE
        line.day BETWEEN %(first)s AND %(last)s
        AND line.day >= (SELECT min(changes.day) FROM changes) - (SELECT furthest.days_ahead FROM furthest)
        AND (rules.asset <> all(%(sundays)s::text[]) OR extract(ISODOW FROM line.day) = 7)
),

-- What changed last in a source on any day up to the last one read: lines and changes in one order of days, so that
-- this takes a sort instead of every pair of days.
ordered AS (
    SELECT
        *,
        max(altered.changed_at) OVER (PARTITION BY altered.tenant_id, altered.source ORDER BY altered.last_day) AS newest
    FROM (
        SELECT
            reads.*,
            NULL::timestamptz AS changed_at
        FROM reads
        UNION ALL
        SELECT
            changes.tenant_id,
            NULL AS asset,
            NULL AS day,
            NULL AS began_at,
            changes.source,
            NULL AS since,
            changes.day AS last_day,
            NULL AS days_back,
            NULL AS window_days,
            changes.changed_at
        FROM changes
    ) AS altered
),

suspects AS (
    SELECT
        *,
        CASE ordered.since
            WHEN 'day' THEN ordered.day
            WHEN 'window' THEN ordered.day - ordered.window_days
            WHEN 'campaign' THEN (
                SELECT min(begun.starts_on)
                FROM campaigns AS live
                INNER JOIN campaigns AS begun
                    ON live.tenant_id = begun.tenant_id AND live.sponsor_id = begun.sponsor_id
                WHERE
                    live.tenant_id = ordered.tenant_id
                    AND live.starts_on <= ordered.day
                    AND live.ends_on + 1 + %(longest_window)s > ordered.day
            )
            ELSE '-infinity'::date
        END - ordered.days_back AS first_day
    FROM ordered
    WHERE ordered.asset IS NOT NULL AND ordered.newest > ordered.began_at
),

older AS (
    SELECT DISTINCT
        suspects.tenant_id,
        suspects.asset,
        suspects.day
    FROM suspects
    INNER JOIN changes
        ON
            suspects.tenant_id = changes.tenant_id
            AND suspects.source = changes.source
            AND suspects.first_day <= changes.day
            AND suspects.last_day >= changes.day
            AND suspects.began_at < changes.changed_at
    WHERE changes.day <= suspects.day OR changes.day < (now() AT TIME ZONE 'UTC')::date
),

imported AS (
    SELECT DISTINCT
        tenant_id,
        day
    FROM import_days
    WHERE
        tenant_id = any(%(tenants)s::uuid[])
        AND rows > coalesce(removed, 0)
        AND changed_at >= %(changed_since)s
        AND day BETWEEN %(first)s AND %(last)s
        AND day < (now() AT TIME ZONE 'UTC')::date
),

complete AS (
    SELECT
        tenant_id,
        day
    FROM rollup_ledger
    WHERE
        asset = %(verdict)s
        AND finished_at >= %(changed_since)s
        AND tenant_id = any(%(tenants)s::uuid[])
        AND day BETWEEN %(first)s AND %(last)s
    UNION
    SELECT
        tenant_id,
        day
    FROM imported
),

missing AS (
    SELECT
        complete.tenant_id,
        wanted.asset,
        complete.day
    FROM complete
    CROSS JOIN (
        SELECT rules.asset FROM rules
        UNION
        SELECT rules.source FROM rules WHERE rules.asset = %(verdict)s
    ) AS wanted
    WHERE
        wanted.asset <> all(%(raw_sources)s::text[])
        AND NOT EXISTS (
            SELECT 1
            FROM rollup_ledger AS line
            WHERE line.tenant_id = complete.tenant_id AND line.asset = wanted.asset AND line.day = complete.day
        )
),

stale AS (
    SELECT
        older.tenant_id,
        older.asset,
        older.day,
        'older' AS reason
    FROM older
    UNION ALL
    SELECT
        line.tenant_id,
        line.asset,
        line.day,
        'older' AS reason
    FROM reopened_days AS reopened
    INNER JOIN rollup_ledger AS line
        ON reopened.tenant_id = line.tenant_id AND reopened.asset = line.asset AND reopened.day = line.day
    WHERE
        reopened.tenant_id = any(%(tenants)s::uuid[])
        AND reopened.day BETWEEN %(first)s AND %(last)s
        AND reopened.reopened_at > line.began_at
        AND reopened.reopened_at >= %(changed_since)s
        AND line.asset IN (SELECT rules.asset FROM rules)
    UNION ALL
    SELECT
        missing.tenant_id,
        rules.asset,
        missing.day,
        'missing' AS reason
    FROM missing
    INNER JOIN rules
        ON missing.asset = rules.asset OR (rules.asset = %(verdict)s AND missing.asset = rules.source)
    UNION ALL
    SELECT
        line.tenant_id,
        line.asset,
        line.day,
        'provisional' AS reason
    FROM rollup_ledger AS line
    INNER JOIN spans ON line.tenant_id = spans.tenant_id
    WHERE
        line.asset IN (SELECT rules.asset FROM rules)
        AND line.day BETWEEN %(first)s AND %(last)s
        AND line.status = 'provisional'
        AND (line.day + 1)::timestamp AT TIME ZONE 'UTC' + make_interval(hours => spans.lateness_hours + 6) < now()
)

SELECT
    stale.tenant_id,
    stale.asset,
    stale.day,
    max(stale.reason) AS reason,
    max(computed.last_day) AS last_day
FROM stale
INNER JOIN (
    SELECT
        computed_days.tenant_id,
        max(computed_days.day) AS last_day
    FROM (
        SELECT
            tenant_id,
            day
        FROM rollup_ledger
        WHERE asset = 'request_dispositions' AND tenant_id = any(%(tenants)s::uuid[])
        UNION ALL
        SELECT
            tenant_id,
            day
        FROM imported
    ) AS computed_days
    GROUP BY computed_days.tenant_id
) AS computed ON stale.tenant_id = computed.tenant_id
GROUP BY stale.tenant_id, stale.asset, stale.day
