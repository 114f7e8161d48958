-- 0004_facts: what Earshot computes: replaced by day and tenant, never doubled.
-- Each row names its run; ids of other tables are held by checks, not by foreign keys.

SET LOCAL ROLE earshot_owner;

SELECT earshot_create_series('request_dispositions', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    disposition text NOT NULL,
    requests bigint NOT NULL CHECK (requests > 0),
    rules_version text NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, disposition)
$ddl$);

-- One row per counted download. downloaded_at is the first request of its group, qualified_at when the minute was reached.
-- basis: bytes, whole_file (under a minute or duration unknown), assumed_size (960,000 bytes), unmeasured (prefix).
SELECT earshot_create_series('downloads', 'downloaded_at', interval '7 days', $ddl$
    tenant_id uuid NOT NULL,
    downloaded_at timestamptz NOT NULL,
    download_id uuid NOT NULL,
    day date NOT NULL,
    podcast_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    asset_id uuid,
    consumer_key bigint NOT NULL,
    household_key bigint NOT NULL,
    qualified_at timestamptz NOT NULL,
    covered_bytes bigint,
    threshold_bytes bigint,
    basis text NOT NULL CHECK (basis IN ('bytes', 'whole_file', 'assumed_size', 'unmeasured')),
    app text NOT NULL,
    device text NOT NULL,
    os text NOT NULL,
    country_code text NOT NULL,
    region_code text NOT NULL,
    referrer text NOT NULL,
    address_class text NOT NULL
    CHECK (address_class IN ('household', 'commercial', 'cellular', 'data_centre', 'unknown')),
    rules_version text NOT NULL,
    key_version smallint NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, downloaded_at, download_id)
$ddl$);

SELECT earshot_create_series('listener_metrics', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    podcast_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    downloads bigint NOT NULL,
    listeners bigint NOT NULL,
    households bigint NOT NULL,
    playback_starts bigint NOT NULL,
    completion double precision,
    heard_seconds double precision NOT NULL,
    ads_delivered_pre bigint NOT NULL,
    ads_delivered_mid bigint NOT NULL,
    ads_delivered_post bigint NOT NULL,
    rules_version text NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, podcast_id, episode_id)
$ddl$);

-- dimension: app, device, os, country, region, referrer, hour (UTC, 00 to 23).
SELECT earshot_create_series('listener_dimension_metrics', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    podcast_id uuid NOT NULL,
    dimension text NOT NULL,
    value text NOT NULL,
    downloads bigint NOT NULL,
    listeners bigint NOT NULL,
    rules_version text NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, podcast_id, dimension, value)
$ddl$);

-- One row per ad delivered inside a counted download, or per explicit impression or click event.
SELECT earshot_create_series('ad_exposures', 'occurred_at', interval '7 days', $ddl$
    tenant_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    exposure_id uuid NOT NULL,
    day date NOT NULL,
    sponsor_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    placement_id uuid NOT NULL,
    podcast_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('delivered', 'impression', 'click')),
    position text CHECK (position IN ('pre', 'mid', 'post')),
    insertion text CHECK (insertion IN ('baked_in', 'dynamic')),
    household_key bigint,
    consumer_key bigint,
    listener_id text,
    address_class text NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, occurred_at, exposure_id)
$ddl$);
CREATE INDEX ad_exposures_sponsor ON ad_exposures (tenant_id, sponsor_id, occurred_at);

-- One row per (tenant, sponsor, kind, order id), or per event where there is no order id.
-- It belongs to the day of its earliest signal; value and currency come from its best signal.
SELECT earshot_create_series('conversions', 'converted_at', interval '7 days', $ddl$
    tenant_id uuid NOT NULL,
    converted_at timestamptz NOT NULL,
    conversion_id uuid NOT NULL,
    day date NOT NULL,
    sponsor_id uuid NOT NULL,
    campaign_id uuid,
    kind text NOT NULL,
    order_id text,
    value_minor bigint,
    currency char(3),
    promo_code text,
    pixel_signals integer NOT NULL,
    server_signals integer NOT NULL,
    promo_code_signals integer NOT NULL,
    vanity_url_signals integer NOT NULL,
    utm_signals integer NOT NULL,
    survey_signals integer NOT NULL,
    household_key bigint,
    listener_key bigint,
    listener_id text,
    address_class text NOT NULL,
    is_new_customer boolean,
    matched_by text NOT NULL CHECK (matched_by IN ('promo_code', 'vanity_url', 'listener', 'household', 'survey', 'none')),
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, converted_at, conversion_id)
$ddl$);
CREATE INDEX conversions_sponsor ON conversions (tenant_id, sponsor_id, converted_at);

-- Refunds and cancellations, positive amounts, at their own time, on the day of their conversion.
CREATE TABLE conversion_adjustments (
    tenant_id uuid NOT NULL,
    conversion_id uuid NOT NULL,
    adjustment_id uuid NOT NULL,
    day date NOT NULL,
    occurred_at timestamptz NOT NULL,
    kind text NOT NULL CHECK (kind IN ('refund', 'cancellation')),
    value_minor bigint NOT NULL CHECK (value_minor >= 0),
    currency char(3) NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, conversion_id, adjustment_id)
);
CREATE INDEX conversion_adjustments_day ON conversion_adjustments (tenant_id, day);

-- The path of each attributed conversion: its touches in time order. day is the conversion's day.
SELECT earshot_create_series('attribution_touches', 'day', interval '30 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    conversion_id uuid NOT NULL,
    touch_no integer NOT NULL CHECK (touch_no >= 1),
    touched_at timestamptz NOT NULL,
    exposure_id uuid,
    campaign_id uuid NOT NULL,
    placement_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    matched_by text NOT NULL,
    config_version integer NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, conversion_id, touch_no)
$ddl$);

-- Fractions, no money. Summed over a path's touches; per (conversion, model) they sum to 1.
SELECT earshot_create_series('attribution_credits', 'day', interval '30 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    model text NOT NULL,
    conversion_id uuid NOT NULL,
    placement_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    credit double precision NOT NULL CHECK (credit >= 0 AND credit <= 1.000000001),
    config_version integer NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, model, conversion_id, placement_id, episode_id)
$ddl$);

SELECT earshot_create_series('placement_delivery', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    campaign_id uuid NOT NULL,
    placement_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    impressions bigint NOT NULL,
    households bigint NOT NULL,
    usable_impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, placement_id, episode_id)
$ddl$);

-- Distinct audiences from the campaign's start to the end of the day: never a sum of days.
-- level: campaign (scope_id is the campaign) or placement.
SELECT earshot_create_series('campaign_reach', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    campaign_id uuid NOT NULL,
    level text NOT NULL CHECK (level IN ('campaign', 'placement')),
    scope_id uuid NOT NULL,
    impressions bigint NOT NULL,
    households bigint NOT NULL,
    consumers bigint NOT NULL,
    frequency double precision,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, campaign_id, level, scope_id)
$ddl$);

-- As of the end of a day, from the campaign's start, per model and KPI. Money KPIs carry the exact amount in
-- amount_minor and the same in minor units as estimate; ratios have no amount. NULL estimate: not to be shown.
SELECT earshot_create_series('campaign_roi', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    campaign_id uuid NOT NULL,
    model text NOT NULL,
    kpi text NOT NULL,
    unit text NOT NULL CHECK (unit IN ('count', 'minor', 'ratio')),
    currency char(3),
    amount_minor bigint,
    estimate double precision,
    lower double precision,
    upper double precision,
    sample double precision NOT NULL,
    badge text NOT NULL CHECK (badge IN ('ok', 'low_confidence', 'too_few', 'not_known')),
    usable_share double precision,
    mature_share double precision,
    config_version integer NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, campaign_id, model, kpi)
$ddl$);

CREATE TABLE rollup_ledger (
    asset text NOT NULL,
    day date NOT NULL,
    tenant_id uuid NOT NULL,
    run_id uuid NOT NULL,
    rows bigint NOT NULL CHECK (rows >= 0),
    input_watermark timestamptz,
    status text NOT NULL CHECK (status IN ('provisional', 'final')),
    finished_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, asset, day)
);
CREATE INDEX rollup_ledger_day ON rollup_ledger (asset, day);

CREATE TABLE check_results (
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    check_name text NOT NULL,
    passed boolean NOT NULL,
    detail text NOT NULL,
    run_id uuid NOT NULL,
    checked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, day, check_name)
);
