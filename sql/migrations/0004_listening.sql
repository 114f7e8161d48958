-- 0004_listening: what Earshot computes of downloads, audiences and playback: replaced by UTC day and tenant, never doubled.
-- Each row names its run; ids of other tables are held by checks, not by foreign keys. A row of an earlier day is not touched
-- when a later one is computed.
--
-- rules_version names everything that a verdict rests on, joined by dashes: the rules on agents, those on addresses, and the
-- tenant's settings of the measurement (window, suspect limit, tolerance), whose version and wording are on the methodology
-- page. Several of them, where a number rests on several days, are joined by commas.

SET LOCAL ROLE earshot_owner;

-- range_assumed: how many of the requests have no number of bytes sent, so that their range is taken as received. NULL:
-- computed before this was noted.
SELECT earshot_create_series('request_dispositions', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    disposition text NOT NULL,
    requests bigint NOT NULL CHECK (requests > 0),
    range_assumed bigint CHECK (range_assumed BETWEEN 0 AND requests),
    rules_version text NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, disposition)
$ddl$);

-- One row per counted download. downloaded_at is the first request of its group, qualified_at when the minute was reached.
-- basis: bytes, whole_file (under a minute or duration unknown), assumed_size (960,000 bytes), unmeasured (prefix).
-- is_range_assumed: some of the covered bytes are those of a range that is taken as received. NULL: computed before this was
-- noted.
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
    is_range_assumed boolean,
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

-- With what, from where and when a day's downloads came. level: episode, podcast or tenant; scope_id is its id (at level
-- tenant the tenant's). dimension: app, device, os, country, region (ISO 3166-2), referrer, hour (UTC, 00 to 23).
-- share: of the scope's downloads; shares of a dimension sum to 1, unknown included. Listeners do not add up.
SELECT earshot_create_series('listener_breakdowns', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    level text NOT NULL CHECK (level IN ('episode', 'podcast', 'tenant')),
    scope_id uuid NOT NULL,
    dimension text NOT NULL,
    value text NOT NULL,
    downloads bigint NOT NULL CHECK (downloads > 0),
    listeners bigint NOT NULL CHECK (listeners > 0),
    share double precision NOT NULL CHECK (share > 0 AND share <= 1),
    rules_version text NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, level, scope_id, dimension, value)
$ddl$);

-- Exact distinct audiences of periods, as of the end of the day: from first_day to the day. Never added up.
-- scope_id: the episode, the show, or at level tenant the tenant. is_complete: the day is the period's last.
-- New listeners: the first counted download of the key in the show or tenant lies in the period; not told of episodes.
SELECT earshot_create_series('audience_periods', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    period_kind text NOT NULL CHECK (period_kind IN ('day', 'iso_week', 'month', 'rolling_7', 'rolling_28')),
    level text NOT NULL CHECK (level IN ('episode', 'podcast', 'tenant')),
    scope_id uuid NOT NULL,
    first_day date NOT NULL,
    is_complete boolean NOT NULL,
    downloads bigint NOT NULL,
    listeners bigint NOT NULL,
    households bigint NOT NULL,
    new_listeners bigint,
    returning_listeners bigint,
    rules_version text NOT NULL DEFAULT 'unknown',
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, period_kind, level, scope_id)
$ddl$);

-- The day on which a key was first counted in a show; is_first_of_tenant: it was not counted in any show before.
SELECT earshot_create_series('listener_firsts', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    podcast_id uuid NOT NULL,
    consumer_key bigint NOT NULL,
    is_first_of_tenant boolean NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, podcast_id, consumer_key)
$ddl$);
CREATE INDEX listener_firsts_key ON listener_firsts (tenant_id, consumer_key, podcast_id, day);

-- Listeners that two shows have in common over the 28 days to the end of the day; each pair stands in both directions.
SELECT earshot_create_series('audience_overlaps', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    podcast_id uuid NOT NULL,
    other_podcast_id uuid NOT NULL,
    listeners bigint NOT NULL,
    other_listeners bigint NOT NULL,
    shared_listeners bigint NOT NULL,
    jaccard double precision NOT NULL,
    share_of_listeners double precision NOT NULL,
    rules_version text NOT NULL DEFAULT 'unknown',
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, podcast_id, other_podcast_id)
$ddl$);

-- Downloads of the day by whole hours since the episode's release, for its first 90 days. They may be added up.
SELECT earshot_create_series('episode_pacing', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    podcast_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    hour integer NOT NULL CHECK (hour >= 0 AND hour < 2160),
    downloads bigint NOT NULL CHECK (downloads > 0),
    rules_version text NOT NULL DEFAULT 'unknown',
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, episode_id, hour)
$ddl$);

-- As of the end of the day: downloads in the first age_days times 24 hours since release. NULL until that age and the
-- tenant's lateness have passed, and where the rollups of those days are not there. percentile: 0 to 100, among the
-- compared_with last mature episodes of the show (at most 20).
SELECT earshot_create_series('episode_age_downloads', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    podcast_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    age_days integer NOT NULL CHECK (age_days IN (1, 3, 7, 14, 30, 60, 90)),
    downloads bigint,
    percentile double precision CHECK (percentile BETWEEN 0 AND 100),
    compared_with integer NOT NULL CHECK (compared_with BETWEEN 0 AND 20),
    rules_version text NOT NULL DEFAULT 'unknown',
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, episode_id, age_days)
$ddl$);

-- Playbacks that started on the day, from client events: how many, and how far they came. Completion is of those whose
-- duration is known (measured). average_consumption: the mean share of the duration that was heard. median_consumption: the
-- share of the duration that half of the measured playbacks heard no more of.
SELECT earshot_create_series('episode_consumption', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    podcast_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    starters bigint NOT NULL,
    measured bigint NOT NULL,
    reached_25 bigint NOT NULL,
    reached_50 bigint NOT NULL,
    reached_75 bigint NOT NULL,
    reached_90 bigint NOT NULL,
    reached_100 bigint NOT NULL,
    average_consumption double precision,
    median_consumption double precision,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, episode_id)
$ddl$);

-- How many of the day's playbacks came how far, in whole percent of the duration: it can be added up over days and
-- episodes, and tells medians that averages cannot.
SELECT earshot_create_series('consumption_spread', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    podcast_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    percent integer NOT NULL CHECK (percent BETWEEN 0 AND 100),
    playbacks bigint NOT NULL CHECK (playbacks > 0),
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, episode_id, percent)
$ddl$);

-- Where listening stopped: of the day's starters, those that came into this minute (0 is the first) and not out of it.
-- still_listening: those that came as far as its beginning. Minutes in which nobody stopped have no row.
SELECT earshot_create_series('retention_curves', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    podcast_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    minute integer NOT NULL CHECK (minute >= 0),
    stopped bigint NOT NULL CHECK (stopped > 0),
    still_listening bigint NOT NULL,
    starters bigint NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, episode_id, minute)
$ddl$);

-- Ad plays that a client's beacons confirm. They say nothing of delivery (ad_exposures) and are never added to it.
SELECT earshot_create_series('ad_plays', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    podcast_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    placement_id uuid NOT NULL,
    started bigint NOT NULL,
    reached_25 bigint NOT NULL,
    reached_50 bigint NOT NULL,
    reached_75 bigint NOT NULL,
    completed bigint NOT NULL,
    skipped bigint NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, placement_id, episode_id)
$ddl$);

-- Readers see series through bi and hold nothing on them.
SELECT earshot_protect(relation)
FROM unnest('{
    request_dispositions, downloads, listener_metrics, listener_dimension_metrics, listener_breakdowns,
    audience_periods, listener_firsts, audience_overlaps, episode_pacing, episode_age_downloads, episode_consumption,
    consumption_spread, retention_curves, ad_plays
}'::regclass[]) AS relation;
GRANT SELECT, INSERT, UPDATE, DELETE ON
request_dispositions, downloads, listener_metrics, listener_dimension_metrics, listener_breakdowns, audience_periods,
listener_firsts, audience_overlaps, episode_pacing, episode_age_downloads, episode_consumption, consumption_spread,
retention_curves, ad_plays
TO earshot_etl;
