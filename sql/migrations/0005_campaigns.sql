-- 0005_campaigns: what Earshot computes of ads, conversions and campaigns: replaced by UTC day and tenant, never doubled.

SET LOCAL ROLE earshot_owner;

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

-- The day on which each conversion stands: it stands once. conversions cannot hold that itself, because the keys of a
-- table that is cut by time contain the time; whoever writes conversions writes these.
CREATE TABLE conversion_days (
    tenant_id uuid NOT NULL,
    conversion_id uuid NOT NULL,
    day date NOT NULL,
    PRIMARY KEY (tenant_id, conversion_id)
);
CREATE INDEX conversion_days_day ON conversion_days (tenant_id, day);

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

-- All journeys of a sponsor up to the end of the day, per goal kind. conversions: of the placement; they sum to those
-- that were attributed. journeys and all_conversions are of the whole set. is_fallback: too few conversions to learn
-- from, so these are the totals of the linear model.
CREATE TABLE model_totals (
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    sponsor_id uuid NOT NULL,
    goal_kind text NOT NULL,
    model text NOT NULL CHECK (model IN ('markov', 'counterfactual')),
    placement_id uuid NOT NULL,
    conversions double precision NOT NULL CHECK (conversions >= 0),
    share double precision NOT NULL CHECK (share >= 0),
    base_rate double precision NOT NULL CHECK (base_rate >= 0 AND base_rate <= 1),
    journeys bigint NOT NULL,
    all_conversions bigint NOT NULL,
    is_fallback boolean NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, sponsor_id, goal_kind, model, placement_id)
);

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
-- level: campaign (scope_id is the campaign) or placement. Exact up to 5,000,000 impressions of the campaign; beyond them an
-- estimate (is_estimate) with its bounds at 95 %, which are the same numbers where a count is exact.
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
    is_estimate boolean NOT NULL DEFAULT false,
    households_lower bigint,
    households_upper bigint,
    consumers_lower bigint,
    consumers_upper bigint,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, campaign_id, level, scope_id)
$ddl$);

-- Who heard a placement on a day on which its campaign had more than 65,536 impressions, as Apache DataSketches' theta
-- sketch of the keys (compact, ordered, 16,384 entries): sketches of any days and placements can be merged.
-- keys: how many distinct ones went in. Smaller days are read from ad_exposures.
SELECT earshot_create_series('reach_sketches', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    campaign_id uuid NOT NULL,
    placement_id uuid NOT NULL,
    unit text NOT NULL CHECK (unit IN ('household', 'consumer')),
    keys bigint NOT NULL CHECK (keys > 0),
    sketch bytea NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, campaign_id, placement_id, unit)
$ddl$);

-- As of the end of a day, from the campaign's start, per model and KPI. Money KPIs carry the exact amount in
-- amount_minor and the same in minor units as estimate; ratios have no amount. NULL estimate: not to be shown.
-- is_fallback: too few conversions to learn a model from, so these are the numbers of the linear model.
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
    is_fallback boolean NOT NULL DEFAULT false,
    config_version integer NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, campaign_id, model, kpi)
$ddl$);

-- What a campaign added up to the end of the day, by households. design: holdout (by lot, the only one that is causal)
-- or matched (listeners of the same shows and weeks who were not reached). Base numbers are those of the others.
-- Bounds are 95 % intervals. is_shown: the minimum detectable lift is at most 30 %.
-- config_version: NULL in rows that were written before it was noted.
CREATE TABLE lift_results (
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    campaign_id uuid NOT NULL,
    design text NOT NULL CHECK (design IN ('holdout', 'matched')),
    is_causal boolean NOT NULL CHECK (is_causal = (design = 'holdout')),
    households bigint NOT NULL,
    responders bigint NOT NULL,
    base_households bigint NOT NULL,
    base_responders bigint NOT NULL,
    compared_share double precision NOT NULL CHECK (compared_share >= 0 AND compared_share <= 1),
    base_rate double precision NOT NULL,
    difference double precision NOT NULL,
    difference_lower double precision NOT NULL,
    difference_upper double precision NOT NULL,
    relative_lift double precision,
    relative_lower double precision,
    relative_upper double precision,
    minimum_detectable_lift double precision,
    is_shown boolean NOT NULL,
    currency char(3),
    incremental_minor double precision,
    iroas double precision,
    iroas_lower double precision,
    iroas_upper double precision,
    config_version integer,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, campaign_id)
);

-- As of a Sunday, a KPI of a campaign beside the median of the tenant's campaigns for other sponsors with the same goal
-- (and currency, for money), as each was last told. estimate: the campaign's own, NULL where it is not to be shown.
-- median: NULL unless at least 5 campaigns of at least 3 sponsors, none of which has more than half of them, were
-- compared: it must not tell one sponsor another one's number.
CREATE TABLE campaign_benchmarks (
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    campaign_id uuid NOT NULL,
    model text NOT NULL,
    kpi text NOT NULL,
    unit text NOT NULL CHECK (unit IN ('minor', 'ratio')),
    currency char(3),
    estimate double precision,
    median double precision,
    campaigns integer NOT NULL CHECK (campaigns >= 0),
    sponsors integer NOT NULL CHECK (sponsors >= 0),
    badge text NOT NULL CHECK (badge IN ('ok', 'too_few') AND (badge = 'ok') = (median IS NOT NULL)),
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, campaign_id, model, kpi)
);

-- Readers see series through bi and hold nothing on them.
SELECT earshot_protect(relation)
FROM unnest('{
    ad_exposures, conversions, conversion_days, conversion_adjustments, attribution_touches, attribution_credits,
    model_totals, placement_delivery, campaign_reach, reach_sketches, campaign_roi, lift_results, campaign_benchmarks
}'::regclass[]) AS relation;
GRANT SELECT, INSERT, UPDATE, DELETE ON
ad_exposures, conversions, conversion_days, conversion_adjustments, attribution_touches, attribution_credits,
model_totals, placement_delivery, campaign_reach, reach_sketches, campaign_roi, lift_results, campaign_benchmarks
TO earshot_etl;
GRANT SELECT ON
conversion_days, conversion_adjustments, model_totals, lift_results, campaign_benchmarks
TO earshot_report, earshot_readonly;
