-- 0003_events: what happened, as it came, and the keys that outlive its addresses. The platform or the importer writes events;
-- the pipeline only reads them.
-- earshot_create_series() makes a hypertable where TimescaleDB is there, else a table partitioned by range.

SET LOCAL ROLE earshot_owner;

SELECT earshot_create_series('listener_events', 'occurred_at', interval '1 day', $ddl$
    tenant_id uuid NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    source text NOT NULL CHECK (source IN ('server_log', 'prefix', 'client', 'import')),
    event_type text NOT NULL CHECK (event_type IN (
        'download', 'stream', 'listen_start', 'listen_progress', 'listen_complete', 'skip',
        'ad_start', 'ad_progress', 'ad_complete', 'ad_skip', 'follow', 'unfollow'
    )),
    podcast_id uuid,
    episode_id uuid,
    asset_id uuid,
    session_id text,
    listener_id text,
    client_ip inet,
    household_key bigint,
    key_version smallint,
    user_agent text,
    referrer text,
    platform text,
    country_code char(2),
    region_code text,
    asn bigint,
    http_method text,
    http_status smallint,
    range_start bigint,
    range_end bigint,
    bytes_sent bigint,
    position_seconds double precision,
    heard_seconds double precision,
    event_data jsonb,
    PRIMARY KEY (tenant_id, occurred_at, event_id),
    CONSTRAINT listener_events_occurred_at_in_bounds CHECK (in_event_time_bounds(occurred_at)),
    CONSTRAINT listener_events_received_at_in_bounds CHECK (in_event_time_bounds(received_at)),
    CONSTRAINT listener_events_bytes_in_bounds CHECK (
        in_byte_bounds(range_start) AND in_byte_bounds(range_end) AND in_byte_bounds(bytes_sent)
    ),
    CONSTRAINT listener_events_seconds_in_bounds CHECK (
        in_seconds_bounds(position_seconds) AND in_seconds_bounds(heard_seconds)
    ),
    CONSTRAINT listener_events_text_bounded CHECK (
        length(user_agent) <= 20000 AND length(referrer) <= 20000 AND length(session_id) <= 1000
        AND length(listener_id) <= 1000 AND length(platform) <= 1000 AND length(region_code) <= 100
        AND length(http_method) <= 100
    )
$ddl$);
CREATE INDEX listener_events_received_at ON listener_events (received_at);

SELECT earshot_create_series('attribution_events', 'occurred_at', interval '1 day', $ddl$
    tenant_id uuid NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    sponsor_id uuid NOT NULL,
    campaign_id uuid,
    placement_id uuid,
    episode_id uuid,
    kind text NOT NULL CHECK (kind IN (
        'impression', 'click', 'visit', 'lead', 'signup', 'install', 'trial', 'purchase', 'refund', 'survey'
    )),
    signal text NOT NULL CHECK (signal IN ('pixel', 'server', 'promo_code', 'vanity_url', 'utm', 'survey')),
    order_id text,
    value_minor bigint CHECK (value_minor >= 0),
    currency char(3) CHECK (currency ~ '^[A-Z]{3}$'),
    promo_code text,
    utm jsonb,
    household_key bigint,
    listener_key bigint,
    listener_id text,
    client_ip inet,
    user_agent text,
    is_new_customer boolean,
    attribution_data jsonb,
    PRIMARY KEY (tenant_id, occurred_at, event_id),
    CHECK (value_minor IS NULL OR currency IS NOT NULL),
    CONSTRAINT attribution_events_occurred_at_in_bounds CHECK (in_event_time_bounds(occurred_at)),
    CONSTRAINT attribution_events_received_at_in_bounds CHECK (in_event_time_bounds(received_at)),
    CONSTRAINT attribution_events_value_in_bounds CHECK (in_money_bounds(value_minor)),
    CONSTRAINT attribution_events_currency_known CHECK (is_known_currency(currency::text)),
    CONSTRAINT attribution_events_order_id_plain CHECK (is_plain_text(order_id, 1000)),
    CONSTRAINT attribution_events_text_bounded CHECK (
        length(promo_code) <= 1000 AND length(user_agent) <= 20000 AND length(listener_id) <= 1000
    )
$ddl$);
CREATE INDEX attribution_events_received_at ON attribution_events (received_at);
CREATE INDEX attribution_events_order ON attribution_events (tenant_id, sponsor_id, order_id, occurred_at)
WHERE order_id IS NOT NULL;

-- Every moment under which an attribution event was delivered. A provider delivers an event again, sometimes weeks later
-- and under another time; the earliest delivery is the event, and a table that is not cut by time finds it by its key.
-- A row stays when the event goes: an event whose day has passed its retention was still delivered before.
CREATE TABLE attribution_deliveries (
    tenant_id uuid NOT NULL,
    event_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, event_id, occurred_at)
);
CREATE TRIGGER attribution_events_noted AFTER INSERT OR UPDATE OF tenant_id, event_id, occurred_at ON attribution_events
FOR EACH ROW EXECUTE FUNCTION note_attribution_delivery();

-- The keys of raw events as they were derived while the address was still there; a recompute takes them instead.
SELECT earshot_create_series('event_keys', 'occurred_at', interval '1 day', $ddl$
    tenant_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    event_id uuid NOT NULL,
    consumer_key bigint NOT NULL,
    household_key bigint NOT NULL,
    key_version smallint NOT NULL,
    address_class text NOT NULL
    CHECK (address_class IN ('household', 'commercial', 'cellular', 'data_centre', 'unknown')),
    on_inclusion_list boolean NOT NULL,
    ip_rules_version text NOT NULL,
    PRIMARY KEY (tenant_id, occurred_at, event_id)
$ddl$);

-- The same of attribution events. One row per version of the tenant's key that was in the ring when the address went: the
-- newest names the household and the listener, the older ones find ads that were stored under them.
SELECT earshot_create_series('attribution_event_keys', 'occurred_at', interval '1 day', $ddl$
    tenant_id uuid NOT NULL,
    occurred_at timestamptz NOT NULL,
    event_id uuid NOT NULL,
    key_version smallint NOT NULL,
    consumer_key bigint NOT NULL,
    household_key bigint NOT NULL,
    address_class text NOT NULL
    CHECK (address_class IN ('household', 'commercial', 'cellular', 'data_centre', 'unknown')),
    ip_rules_version text NOT NULL,
    PRIMARY KEY (tenant_id, occurred_at, event_id, key_version)
$ddl$);

-- What could not be stored as an event, with the reason, so that nothing vanishes.
CREATE TABLE ingest_rejects (
    tenant_id uuid NOT NULL,
    reject_id uuid NOT NULL,
    source text NOT NULL,
    line_number bigint NOT NULL,
    line text NOT NULL,
    reason text NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, reject_id)
);

-- What had arrived for a tenant's UTC day when somebody last looked. source: requests (listener_events), ads
-- (impressions and clicks), signals (conversion signals of the day, and all that share an order with one of them,
-- whatever their day). rows and received_at (the newest) tell one state from another; changed_at is when a state with
-- more or newer rows was first seen.
CREATE TABLE ingest_watermarks (
    tenant_id uuid NOT NULL,
    source text NOT NULL CHECK (source IN ('requests', 'ads', 'signals')),
    day date NOT NULL,
    rows bigint NOT NULL CHECK (rows >= 0),
    received_at timestamptz,
    changed_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, source, day)
);
CREATE INDEX ingest_watermarks_changed_at ON ingest_watermarks (changed_at);

-- Readers hold nothing on a series: chunks and partitions have no policies and inherit grants. They see it through bi.
SELECT earshot_protect(relation)
FROM unnest('{
    listener_events, attribution_events, attribution_deliveries, event_keys, attribution_event_keys, ingest_rejects,
    ingest_watermarks
}'::regclass[]) AS relation;
GRANT SELECT, INSERT, UPDATE, DELETE ON
listener_events, attribution_events, attribution_deliveries, event_keys, attribution_event_keys, ingest_rejects, ingest_watermarks
TO earshot_etl;
GRANT SELECT ON attribution_deliveries, ingest_rejects, ingest_watermarks TO earshot_report, earshot_readonly;
