-- A podcast platform's own tables, invented, as many have them: numbers for ids, cents, times by name of what happened.
-- docs/examples/adopt/mapping.yaml reads them as Earshot's.
CREATE SCHEMA platform;
CREATE TABLE platform.networks (
    id bigint PRIMARY KEY, slug text NOT NULL, name text NOT NULL, tz text NOT NULL, currency text NOT NULL
);
CREATE TABLE platform.podcasts (
    id bigint PRIMARY KEY, network_id bigint NOT NULL, slug text NOT NULL, title text NOT NULL, language text
);
CREATE TABLE platform.episodes (
    id bigint PRIMARY KEY, podcast_id bigint NOT NULL, guid text NOT NULL, title text NOT NULL, published_at timestamptz NOT NULL,
    duration_seconds integer, audio_path text NOT NULL, audio_bytes bigint, id3_bytes bigint
);
CREATE TABLE platform.advertisers (id bigint PRIMARY KEY, network_id bigint NOT NULL, name text NOT NULL);
CREATE TABLE platform.campaigns (
    id bigint PRIMARY KEY, advertiser_id bigint NOT NULL, name text NOT NULL, start_date date NOT NULL, end_date date NOT NULL,
    objective text NOT NULL, lookback_days integer NOT NULL, status text NOT NULL
);
CREATE TABLE platform.ad_slots (
    id bigint PRIMARY KEY, campaign_id bigint NOT NULL, episode_id bigint NOT NULL, label text NOT NULL, slot text NOT NULL,
    price_cents bigint, impressions_booked bigint, first_byte bigint NOT NULL, last_byte bigint NOT NULL
);
CREATE TABLE platform.listener_events (
    id bigint PRIMARY KEY, episode_id bigint NOT NULL, event text NOT NULL, ip text, user_agent text, status integer,
    bytes bigint, happened_at timestamptz NOT NULL, created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE platform.attribution_events (
    id bigint PRIMARY KEY, campaign_id bigint NOT NULL, event text NOT NULL, order_ref text, amount_cents bigint, ip text,
    user_agent text, happened_at timestamptz NOT NULL, created_at timestamptz NOT NULL DEFAULT now()
);
