-- 0003_events: what happened, as it came. The platform or the importer writes these rows; the pipeline only reads them.
-- earshot_create_series makes a hypertable where TimescaleDB is there, else a table partitioned by range (0001).

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
    PRIMARY KEY (tenant_id, occurred_at, event_id)
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
    CHECK (value_minor IS NULL OR currency IS NOT NULL)
$ddl$);
CREATE INDEX attribution_events_received_at ON attribution_events (received_at);
CREATE INDEX attribution_events_order ON attribution_events (tenant_id, sponsor_id, order_id, occurred_at)
WHERE order_id IS NOT NULL;

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
