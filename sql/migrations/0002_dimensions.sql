-- 0002_dimensions: who and what: tenants, shows, episodes, files, sponsors, campaigns, placements, codes, subscriptions.
-- Foreign keys stand here, among dimensions, and nowhere else: on facts they more than double the time of a load.
-- Values are refused where they are entered, by a constraint whose name says what is wrong; what each bound means is said by
-- its function (sql/functions).

SET LOCAL ROLE earshot_owner;

-- whole_file_slack: bytes that may be missing where a download needs the whole file, because it is shorter than a minute or of
-- unknown duration. Servers that stop a few bytes early, or tags at the end that players never ask for, are why. Disclosed.
-- address_days: raw addresses are taken out of events after this many days; NULL: they stay until somebody decides. Three days
-- at least, so that a day is final before its addresses go.
CREATE TABLE tenants (
    tenant_id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9][a-z0-9-]*$'),
    name text NOT NULL,
    timezone text NOT NULL DEFAULT 'UTC',
    currency char(3) NOT NULL DEFAULT 'USD' CHECK (currency ~ '^[A-Z]{3}$'),
    locale text NOT NULL DEFAULT 'en_US',
    download_window text NOT NULL DEFAULT 'calendar_day'
    CHECK (download_window IN ('calendar_day', 'first_touch', 'last_touch')),
    suspect_pairs integer NOT NULL DEFAULT 500 CHECK (suspect_pairs >= 0),
    whole_file_slack bigint NOT NULL DEFAULT 0 CHECK (whole_file_slack >= 0),
    lateness_hours integer NOT NULL DEFAULT 48 CHECK (lateness_hours BETWEEN 0 AND 720),
    k_demographic integer NOT NULL DEFAULT 50 CHECK (k_demographic >= 1),
    k_delivery integer NOT NULL DEFAULT 10 CHECK (k_delivery >= 1),
    address_days integer CHECK (address_days >= 3),
    brand_name text NOT NULL,
    brand_color text NOT NULL DEFAULT '#2d5be3' CHECK (brand_color ~ '^#[0-9a-f]{6}$'),
    reply_to text,
    recipient_domains text[] NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT tenants_slug_bounded CHECK (length(slug) <= 100),
    CONSTRAINT tenants_name_plain CHECK (is_plain_text(name, 200)),
    CONSTRAINT tenants_brand_name_plain CHECK (is_plain_text(brand_name, 200)),
    CONSTRAINT tenants_timezone_known CHECK (is_known_timezone(timezone)),
    CONSTRAINT tenants_currency_known CHECK (is_known_currency(currency::text)),
    CONSTRAINT tenants_locale_known CHECK (is_known_locale(locale)),
    CONSTRAINT tenants_reply_to_is_address CHECK (is_mail_address(reply_to)),
    CONSTRAINT tenants_recipient_domains_are_domains CHECK (are_domains(recipient_domains)),
    CONSTRAINT tenants_address_days_bounded CHECK (address_days <= 36500),
    CONSTRAINT tenants_whole_file_slack_in_bounds CHECK (in_byte_bounds(whole_file_slack)),
    CONSTRAINT tenants_created_at_in_bounds CHECK (in_calendar_bounds(created_at))
);

-- External readers: one login per tenant, written by earshot_add_reader(). Only the owner's functions read this table.
CREATE TABLE role_tenants (
    role name PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants
);

CREATE TABLE podcasts (
    tenant_id uuid NOT NULL REFERENCES tenants,
    podcast_id uuid NOT NULL,
    slug text NOT NULL,
    title text NOT NULL,
    language text NOT NULL DEFAULT 'en',
    PRIMARY KEY (tenant_id, podcast_id),
    UNIQUE (tenant_id, slug),
    CONSTRAINT podcasts_slug_plain CHECK (is_plain_text(slug, 200)),
    CONSTRAINT podcasts_title_plain CHECK (is_plain_text(title, 1000)),
    CONSTRAINT podcasts_language_shape CHECK (language ~ '^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8}){0,3}$')
);

CREATE TABLE episodes (
    tenant_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    podcast_id uuid NOT NULL,
    guid text NOT NULL,
    title text NOT NULL,
    number integer,
    published_at timestamptz NOT NULL,
    duration_s double precision CHECK (duration_s > 0),
    PRIMARY KEY (tenant_id, episode_id),
    UNIQUE (tenant_id, podcast_id, guid),
    FOREIGN KEY (tenant_id, podcast_id) REFERENCES podcasts (tenant_id, podcast_id),
    CONSTRAINT episodes_guid_plain CHECK (is_plain_text(guid, 2000)),
    CONSTRAINT episodes_title_plain CHECK (is_plain_text(title, 1000)),
    CONSTRAINT episodes_published_at_in_bounds CHECK (in_calendar_bounds(published_at)),
    CONSTRAINT episodes_duration_in_bounds CHECK (in_seconds_bounds(duration_s))
);
-- Finds the episode of a show that was out last at a moment, for ads that name a show's run and no episode.
CREATE INDEX episodes_released ON episodes (tenant_id, podcast_id, published_at);

-- One row per file that can be served. Every stitched variant of an episode is a file of its own.
-- part_of: of a part, as HLS serves a rendition, the whole rendition, a file of the same episode; its duration, size and header
-- are what counts. part_offset_bytes: where the part's first byte lies in the whole. A part without a size could not be placed.
-- header_bytes of a part (all of an fMP4 initialisation segment) are no content, as those of the whole are not.
CREATE TABLE media_assets (
    tenant_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    path text NOT NULL,
    file_bytes bigint CHECK (file_bytes > 0),
    header_bytes bigint NOT NULL DEFAULT 0 CHECK (header_bytes >= 0),
    duration_s double precision CHECK (duration_s > 0),
    bitrate_bps integer CHECK (bitrate_bps > 0),
    part_of uuid,
    part_offset_bytes bigint CHECK (part_offset_bytes >= 0),
    PRIMARY KEY (tenant_id, asset_id),
    UNIQUE (tenant_id, path),
    UNIQUE (tenant_id, asset_id, episode_id),
    FOREIGN KEY (tenant_id, episode_id) REFERENCES episodes (tenant_id, episode_id),
    CONSTRAINT media_assets_part_of_fkey
    FOREIGN KEY (tenant_id, part_of, episode_id) REFERENCES media_assets (tenant_id, asset_id, episode_id),
    CONSTRAINT media_assets_part_check CHECK (
        num_nulls(part_of, part_offset_bytes) = 2
        OR (num_nulls(part_of, part_offset_bytes, file_bytes) = 0 AND part_of <> asset_id)
    ),
    CONSTRAINT media_assets_path_plain CHECK (is_plain_text(path, 8000)),
    CONSTRAINT media_assets_bytes_in_bounds CHECK (
        in_byte_bounds(file_bytes) AND in_byte_bounds(header_bytes) AND in_byte_bounds(part_offset_bytes)
    ),
    CONSTRAINT media_assets_duration_in_bounds CHECK (in_seconds_bounds(duration_s))
);
CREATE INDEX media_assets_part_of ON media_assets (tenant_id, part_of) WHERE part_of IS NOT NULL;
CREATE TRIGGER media_assets_part BEFORE INSERT OR UPDATE OF part_of ON media_assets
FOR EACH ROW WHEN (new.part_of IS NOT NULL) EXECUTE FUNCTION refuse_nested_part();

CREATE TABLE sponsors (
    tenant_id uuid NOT NULL REFERENCES tenants,
    sponsor_id uuid NOT NULL,
    name text NOT NULL,
    PRIMARY KEY (tenant_id, sponsor_id),
    UNIQUE (tenant_id, name),
    CONSTRAINT sponsors_name_plain CHECK (is_plain_text(name, 200))
);

CREATE TABLE campaigns (
    tenant_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    sponsor_id uuid NOT NULL,
    name text NOT NULL,
    starts_on date NOT NULL,
    ends_on date NOT NULL CHECK (ends_on >= starts_on),
    goal_kind text NOT NULL DEFAULT 'purchase'
    CHECK (goal_kind IN ('visit', 'lead', 'signup', 'install', 'trial', 'purchase')),
    currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    margin numeric CHECK (margin BETWEEN 0 AND 1),
    stage text NOT NULL DEFAULT 'live' CHECK (stage IN ('draft', 'live', 'ended')),
    PRIMARY KEY (tenant_id, campaign_id),
    FOREIGN KEY (tenant_id, sponsor_id) REFERENCES sponsors (tenant_id, sponsor_id),
    CONSTRAINT campaigns_name_plain CHECK (is_plain_text(name, 200)),
    CONSTRAINT campaigns_currency_known CHECK (is_known_currency(currency::text)),
    CONSTRAINT campaigns_days_in_bounds CHECK (in_calendar_bounds(starts_on) AND in_calendar_bounds(ends_on))
);

-- Households that a campaign leaves out by lot, written by the platform that serves the ads: without rows, no holdout.
CREATE TABLE campaign_holdouts (
    tenant_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    household_key bigint NOT NULL,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, campaign_id, household_key),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, campaign_id),
    CONSTRAINT campaign_holdouts_assigned_at_in_bounds CHECK (in_calendar_bounds(assigned_at))
);

-- Immutable versions: a change is a new row, and every result names the version it used.
CREATE TABLE attribution_configs (
    tenant_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    version integer NOT NULL CHECK (version >= 1),
    window_days numeric NOT NULL DEFAULT 30 CHECK (window_days BETWEEN 1 AND 60),
    touch_unit text NOT NULL DEFAULT 'impression'
    CHECK (touch_unit IN ('impression', 'placement_day', 'placement')),
    include_clicks boolean NOT NULL DEFAULT TRUE,
    exclude_prior_customers boolean NOT NULL DEFAULT FALSE,
    default_model text NOT NULL DEFAULT 'linear' CHECK (default_model IN (
        'first_touch', 'last_touch', 'last_paid_touch', 'linear', 'time_decay', 'position_based', 'j_shaped', 'inverse_j'
    )),
    half_life_days numeric NOT NULL DEFAULT 7 CHECK (half_life_days > 0),
    valid_from timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, campaign_id, version),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, campaign_id),
    CONSTRAINT attribution_configs_half_life_in_bounds CHECK (half_life_days BETWEEN 0.001 AND 3650),
    CONSTRAINT attribution_configs_valid_from_in_bounds CHECK (in_calendar_bounds(valid_from))
);
CREATE TRIGGER attribution_configs_immutable BEFORE UPDATE OR DELETE ON attribution_configs
FOR EACH ROW EXECUTE FUNCTION refuse_change('Add a row with the next version: results name the version they used.');
CREATE TRIGGER never_emptied BEFORE TRUNCATE ON attribution_configs
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change('Rows go one by one, where their table allows it at all.');

CREATE TABLE insertion_orders (
    tenant_id uuid NOT NULL,
    insertion_order_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    number text NOT NULL,
    signed_on date,
    PRIMARY KEY (tenant_id, insertion_order_id),
    UNIQUE (tenant_id, number),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, campaign_id),
    CONSTRAINT insertion_orders_number_plain CHECK (is_plain_text(number, 200)),
    CONSTRAINT insertion_orders_signed_on_in_bounds CHECK (in_calendar_bounds(signed_on))
);

-- cost_minor is the whole price of the placement in the campaign's currency; NULL: not known, never 0.
CREATE TABLE placements (
    tenant_id uuid NOT NULL,
    placement_id uuid NOT NULL,
    insertion_order_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    podcast_id uuid NOT NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('baked_in', 'dynamic')),
    position text NOT NULL CHECK (position IN ('pre', 'mid', 'post')),
    pricing text NOT NULL DEFAULT 'cpm' CHECK (pricing IN ('cpm', 'flat')),
    booked_impressions bigint CHECK (booked_impressions > 0),
    cost_minor bigint CHECK (cost_minor >= 0),
    flight_start date NOT NULL,
    flight_end date NOT NULL CHECK (flight_end >= flight_start),
    PRIMARY KEY (tenant_id, placement_id),
    FOREIGN KEY (tenant_id, insertion_order_id) REFERENCES insertion_orders (tenant_id, insertion_order_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, campaign_id),
    FOREIGN KEY (tenant_id, podcast_id) REFERENCES podcasts (tenant_id, podcast_id),
    CONSTRAINT placements_name_plain CHECK (is_plain_text(name, 200)),
    CONSTRAINT placements_cost_in_bounds CHECK (in_money_bounds(cost_minor)),
    CONSTRAINT placements_booked_in_bounds CHECK (booked_impressions <= 1000000000000),
    CONSTRAINT placements_flight_in_bounds CHECK (in_calendar_bounds(flight_start) AND in_calendar_bounds(flight_end))
);

CREATE TABLE placement_episodes (
    tenant_id uuid NOT NULL,
    placement_id uuid NOT NULL,
    episode_id uuid NOT NULL,
    aired_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, placement_id, episode_id),
    FOREIGN KEY (tenant_id, placement_id) REFERENCES placements (tenant_id, placement_id),
    FOREIGN KEY (tenant_id, episode_id) REFERENCES episodes (tenant_id, episode_id),
    CONSTRAINT placement_episodes_aired_at_in_bounds CHECK (in_calendar_bounds(aired_at))
);

-- Byte spans of a file, both ends included. An ad span names its placement.
CREATE TABLE asset_segments (
    tenant_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    segment_no integer NOT NULL,
    kind text NOT NULL CHECK (kind IN ('content', 'ad')),
    first_byte bigint NOT NULL CHECK (first_byte >= 0),
    last_byte bigint NOT NULL,
    placement_id uuid,
    position text CHECK (position IN ('pre', 'mid', 'post')),
    insertion text CHECK (insertion IN ('baked_in', 'dynamic')),
    PRIMARY KEY (tenant_id, asset_id, segment_no),
    CHECK (last_byte >= first_byte),
    CHECK (kind = 'content' OR num_nulls(placement_id, position, insertion) = 0),
    FOREIGN KEY (tenant_id, asset_id) REFERENCES media_assets (tenant_id, asset_id),
    FOREIGN KEY (tenant_id, placement_id) REFERENCES placements (tenant_id, placement_id),
    CONSTRAINT asset_segments_bytes_in_bounds CHECK (in_byte_bounds(last_byte))
);

-- One code word of one sponsor means one placement at a time; two sponsors may share a word. A bound of valid may be open, by
-- NULL or by the infinity of its side.
CREATE TABLE promo_codes (
    tenant_id uuid NOT NULL,
    promo_code_id uuid NOT NULL,
    sponsor_id uuid NOT NULL,
    placement_id uuid NOT NULL,
    code text NOT NULL CHECK (code = lower(code) AND code <> ''),
    kind text NOT NULL DEFAULT 'code' CHECK (kind IN ('code', 'vanity_url')),
    valid tstzrange NOT NULL DEFAULT '(,)',
    PRIMARY KEY (tenant_id, promo_code_id),
    FOREIGN KEY (tenant_id, sponsor_id) REFERENCES sponsors (tenant_id, sponsor_id),
    FOREIGN KEY (tenant_id, placement_id) REFERENCES placements (tenant_id, placement_id),
    EXCLUDE USING gist (tenant_id WITH =, sponsor_id WITH =, code WITH =, valid WITH &&),
    CONSTRAINT promo_codes_code_plain CHECK (is_plain_text(code, 200) AND code = btrim(code)),
    CONSTRAINT promo_codes_valid_in_bounds CHECK (
        NOT isempty(valid)
        AND coalesce(lower(valid) = '-infinity'::timestamptz OR lower(valid)
            BETWEEN '0001-01-01 00:00:00+00'::timestamptz AND '9999-12-31 00:00:00+00'::timestamptz, TRUE)
        AND coalesce(upper(valid) = 'infinity'::timestamptz OR upper(valid)
            BETWEEN '0001-01-01 00:00:00+00'::timestamptz AND '9999-12-31 00:00:00+00'::timestamptz, TRUE)
    )
);

-- What a sponsor gets when: a campaign, or with campaign_id NULL the sponsor's whole portfolio. locale NULL: the tenant's own.
CREATE TABLE report_subscriptions (
    tenant_id uuid NOT NULL,
    subscription_id uuid NOT NULL,
    sponsor_id uuid NOT NULL,
    campaign_id uuid,
    cadence text NOT NULL CHECK (cadence IN ('weekly', 'monthly', 'end_of_campaign')),
    recipients text[] NOT NULL DEFAULT '{}',
    locale text,
    empty_policy text NOT NULL DEFAULT 'send' CHECK (empty_policy IN ('send', 'skip', 'notify')),
    active boolean NOT NULL DEFAULT TRUE,
    PRIMARY KEY (tenant_id, subscription_id),
    FOREIGN KEY (tenant_id, sponsor_id) REFERENCES sponsors (tenant_id, sponsor_id),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, campaign_id),
    CONSTRAINT report_subscriptions_recipients_are_addresses CHECK (are_mail_addresses(recipients)),
    CONSTRAINT report_subscriptions_locale_known CHECK (is_known_locale(locale))
);

-- Shared addresses (dormitories, offices) that are kept although they look like data centres or crowds.
CREATE TABLE ip_inclusions (
    tenant_id uuid NOT NULL REFERENCES tenants,
    network cidr NOT NULL,
    reason text NOT NULL,
    validated_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, network),
    CONSTRAINT ip_inclusions_reason_plain CHECK (is_plain_text(reason, 1000)),
    CONSTRAINT ip_inclusions_validated_at_in_bounds CHECK (in_calendar_bounds(validated_at))
);

-- Units of quote for one unit of base on a day. Shared by all tenants.
CREATE TABLE fx_rates (
    day date NOT NULL,
    base char(3) NOT NULL,
    quote char(3) NOT NULL,
    rate numeric NOT NULL CHECK (rate > 0),
    source text NOT NULL,
    PRIMARY KEY (day, base, quote),
    CONSTRAINT fx_rates_currencies_known CHECK (is_known_currency(base::text) AND is_known_currency(quote::text)),
    CONSTRAINT fx_rates_rate_in_bounds CHECK (rate BETWEEN 0.000000001 AND 1000000000),
    CONSTRAINT fx_rates_day_in_bounds CHECK (in_calendar_bounds(day)),
    CONSTRAINT fx_rates_source_plain CHECK (is_plain_text(source, 200))
);

SELECT earshot_protect(relation)
FROM unnest('{
    tenants, role_tenants, podcasts, episodes, media_assets, sponsors, campaigns, campaign_holdouts, attribution_configs,
    insertion_orders, placements, placement_episodes, asset_segments, promo_codes, report_subscriptions, ip_inclusions
}'::regclass[]) AS relation;
GRANT SELECT, INSERT, UPDATE, DELETE ON
tenants, podcasts, episodes, media_assets, sponsors, campaigns, campaign_holdouts, insertion_orders, placements,
placement_episodes, asset_segments, promo_codes, report_subscriptions, ip_inclusions, fx_rates
TO earshot_etl;
GRANT SELECT, INSERT ON attribution_configs TO earshot_etl;
GRANT SELECT ON
tenants, podcasts, episodes, media_assets, sponsors, campaigns, campaign_holdouts, attribution_configs, insertion_orders,
placements, placement_episodes, asset_segments, promo_codes, report_subscriptions, ip_inclusions, fx_rates
TO earshot_report, earshot_readonly;
