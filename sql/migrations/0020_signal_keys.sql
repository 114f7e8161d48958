-- 0020_signal_keys: the keys of attribution events that outlive their addresses, as event_keys do those of requests.

SET LOCAL ROLE earshot_owner;

-- One row per version of the tenant's key that was in the ring when the address went: the newest names the household
-- and the listener, the older ones find ads that were stored under them.
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
SELECT earshot_protect('public.attribution_event_keys'::regclass);
SELECT earshot_create_reader('attribution_event_keys');
GRANT SELECT, INSERT, UPDATE, DELETE ON attribution_event_keys TO earshot_etl;
