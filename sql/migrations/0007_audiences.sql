-- 0007_audiences: who listened over longer periods, how episodes gather their downloads, and how far they are heard.
-- All are replaced by UTC day and tenant. A row of an earlier day is not touched when a later one is computed.

SET LOCAL ROLE earshot_owner;

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
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, episode_id, age_days)
$ddl$);

-- Playbacks that started on the day, from client events: how many, and how far they came. Completion is of those whose
-- duration is known (measured). average_consumption: the mean share of the duration that was heard.
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
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, episode_id)
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

DO $do$
DECLARE
    made text;
BEGIN
    FOREACH made IN ARRAY ARRAY[
        'audience_periods', 'listener_firsts', 'audience_overlaps', 'episode_pacing', 'episode_age_downloads',
        'episode_consumption', 'retention_curves', 'ad_plays'
    ] LOOP
        PERFORM earshot_protect(format('public.%I', made)::regclass);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO earshot_etl', made);
        PERFORM earshot_create_reader(made);
    END LOOP;
END
$do$;
