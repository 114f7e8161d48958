-- read_stale_lines: tables of days from first to last that are older than what they were made of, by the ledger.
-- Stale is a line that began before something in its span changed; one that is missing from a day that was judged; the
-- judgement of such a day; and a provisional one six hours after its tenant's lateness has passed.
-- Grain: one row per tenant, asset and day, with the reason (older, missing, provisional: the last of them that holds)
-- and the last day that the tenant has computed.
-- Parameters: assets, sources, spans (text[]), which belong together: what each asset is made of, and over which days
-- (day; rolling: where windows roll over midnight, 30 days before and 2 after; window: the longest attribution window;
-- campaign: since the first campaign of a sponsor with a live one; history, before: all days to the day, with or
-- without it); sundays (text[]): assets that have rows on Sundays only; changed_since (timestamptz): older changes are
-- known to be settled; first, last (date); tenants (uuid[]).
WITH rules AS (
    SELECT
        rule.asset,
        rule.source,
        rule.span
    FROM unnest(%(assets)s::text[], %(sources)s::text[], %(spans)s::text[]) AS rule (asset, source, span)
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
        AND changed_at >= %(changed_since)s
        AND day <= %(last)s
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
        AND changed_at >= %(changed_since)s
        AND day <= %(last)s::date + 2
),

windows AS (
    SELECT
        campaigns.tenant_id,
        campaigns.campaign_id,
        coalesce(max(ceil(settings.window_days))::integer, 30) AS window_days
    FROM campaigns
    LEFT JOIN attribution_configs AS settings
        ON campaigns.tenant_id = settings.tenant_id AND campaigns.campaign_id = settings.campaign_id
    GROUP BY campaigns.tenant_id, campaigns.campaign_id
),

spans AS (
    SELECT
        tenants.tenant_id,
        tenants.lateness_hours,
        CASE WHEN tenants.download_window = 'calendar_day' THEN 0 ELSE 30 END AS looks_back,
        CASE WHEN tenants.download_window = 'calendar_day' THEN 0 ELSE 2 END AS looks_forward,
        coalesce((SELECT max(windows.window_days) FROM windows WHERE windows.tenant_id = tenants.tenant_id), 0)
            AS window_days
    FROM tenants
    WHERE tenants.tenant_id = any(%(tenants)s::uuid[])
),

older AS (
    SELECT DISTINCT
        line.tenant_id,
        line.asset,
        line.day
    FROM changes
    INNER JOIN rules ON changes.source = rules.source
    INNER JOIN spans ON changes.tenant_id = spans.tenant_id
    INNER JOIN rollup_ledger AS line
        ON
            changes.tenant_id = line.tenant_id
            AND rules.asset = line.asset
            AND changes.changed_at > line.began_at
            AND line.day >= changes.day - CASE rules.span WHEN 'rolling' THEN spans.looks_forward ELSE 0 END
            AND line.day <= CASE rules.span
                WHEN 'day' THEN changes.day
                WHEN 'rolling' THEN changes.day + spans.looks_back
                WHEN 'window' THEN changes.day + spans.window_days
                ELSE 'infinity'::date
            END
    WHERE
        line.day BETWEEN %(first)s AND %(last)s
        AND (changes.day <= line.day OR changes.day < (now() AT TIME ZONE 'UTC')::date)
        AND (rules.span <> 'before' OR changes.day < line.day)
        AND (rules.asset <> all(%(sundays)s::text[]) OR extract(ISODOW FROM line.day) = 7)
        AND (
            rules.span <> 'campaign'
            OR EXISTS (
                SELECT 1
                FROM campaigns AS live
                INNER JOIN campaigns AS begun
                    ON live.tenant_id = begun.tenant_id AND live.sponsor_id = begun.sponsor_id
                WHERE
                    live.tenant_id = line.tenant_id
                    AND live.starts_on <= line.day AND live.ends_on + 61 > line.day
                    AND begun.starts_on <= changes.day
            )
        )
),

missing AS (
    SELECT
        judged.tenant_id,
        wanted.asset,
        judged.day
    FROM rollup_ledger AS judged
    CROSS JOIN (
        SELECT rules.asset FROM rules
        UNION
        SELECT rules.source FROM rules WHERE rules.asset = 'tenant_checks' AND rules.span = 'day'
    ) AS wanted
    WHERE
        judged.asset = 'tenant_checks'
        AND judged.finished_at >= %(changed_since)s
        AND judged.tenant_id = any(%(tenants)s::uuid[])
        AND judged.day BETWEEN %(first)s AND %(last)s
        AND wanted.asset NOT IN ('requests', 'ads', 'signals')
        AND NOT EXISTS (
            SELECT 1
            FROM rollup_ledger AS line
            WHERE line.tenant_id = judged.tenant_id AND line.asset = wanted.asset AND line.day = judged.day
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
        missing.tenant_id,
        rules.asset,
        missing.day,
        'missing' AS reason
    FROM missing
    INNER JOIN rules
        ON missing.asset = rules.asset OR (rules.asset = 'tenant_checks' AND missing.asset = rules.source)
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
        tenant_id,
        max(day) AS last_day
    FROM rollup_ledger
    WHERE asset = 'request_dispositions' AND tenant_id = any(%(tenants)s::uuid[])
    GROUP BY tenant_id
) AS computed ON stale.tenant_id = computed.tenant_id
GROUP BY stale.tenant_id, stale.asset, stale.day
