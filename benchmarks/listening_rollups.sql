-- listening_rollups: the listening rollups of one day as statements inside the database, tuned: nothing goes through a
-- client, memory for sorts and hashes, parallel workers, unlogged tables, statistics where the planner needs them.
--
-- Covered: the dispositions 0 to 13 in their order with suspect households, byte coverage as a union of intervals, the
-- minute, downloads, ads delivered in full, and the daily metrics and breakdowns with distinct listeners.
-- Left out, in favour of SQL: what agents are (given in rollups.agents), keyed hashes (hashtextextended instead), which
-- later request contributed and which is a duplicate, when exactly the minute was reached, rolling windows, playback,
-- bad referrers, and ids that stay the same when the day is computed again. {day} is the UTC day.
SET LOCAL work_mem = '512MB';
SET LOCAL max_parallel_workers_per_gather = 2;
SET LOCAL parallel_setup_cost = 10;
SET LOCAL parallel_tuple_cost = 0.001;
SET LOCAL TimeZone = 'UTC';
CREATE SCHEMA work;

-- step: addresses
CREATE UNLOGGED TABLE work.addresses AS
SELECT
    known.client_ip,
    hashtextextended(known.home, 0) AS household_key,
    known.home,
    coalesce(found.list, 'household') AS list
FROM (
    SELECT
        client_ip,
        CASE family(client_ip) WHEN 6 THEN host(network(set_masklen(client_ip, 64))) ELSE host(client_ip) END AS home
    FROM listener_events
    WHERE occurred_at >= '{day}' AND occurred_at < '{day}'::date + 1 AND client_ip IS NOT NULL
    GROUP BY client_ip
) AS known
LEFT JOIN LATERAL (
    SELECT networks.list
    FROM rollups.networks
    WHERE networks.network >>= known.client_ip
    ORDER BY networks.place
    LIMIT 1
) AS found ON true;
ANALYZE work.addresses;

-- step: judge
CREATE UNLOGGED TABLE work.judged AS
SELECT
    events.tenant_id,
    events.event_id,
    events.occurred_at,
    events.source = 'prefix' AS is_prefix,
    coalesce(events.episode_id, files.episode_id) AS episode_id,
    files.asset_id,
    files.file_bytes,
    files.header_bytes,
    coalesce(files.duration_s, episodes.duration_s) AS duration_s,
    episodes.podcast_id,
    events.country_code,
    events.region_code,
    events.referrer,
    events.user_agent,
    agents.app,
    agents.device,
    agents.os,
    addresses.list,
    addresses.household_key,
    hashtextextended(addresses.home || chr(31) || events.user_agent, 0) AS consumer_key,
    coalesce(events.range_start, CASE WHEN events.http_status = 200 THEN 0 END) AS start_byte,
    least(events.range_end + 1, files.file_bytes, coalesce(events.range_start, 0) + events.bytes_sent) AS to_byte,
    CASE
        WHEN events.event_type NOT IN ('download', 'stream') OR events.source = 'client' THEN 'not_a_request'
        WHEN addresses.household_key IS NULL OR events.range_end < events.range_start THEN 'malformed'
        WHEN upper(events.http_method) <> 'GET' THEN 'method_not_get'
        WHEN events.http_status = 304 THEN 'not_modified'
        WHEN events.source = 'prefix' AND events.http_status NOT IN (200, 206, 301, 302, 307, 308) THEN 'status_not_ok'
        WHEN events.source <> 'prefix' AND events.http_status NOT IN (200, 206) THEN 'status_not_ok'
        WHEN events.source <> 'prefix' AND events.range_start = 0 AND events.range_end = 1 THEN 'range_probe'
        WHEN coalesce(events.user_agent, '') = '' THEN 'no_user_agent'
        WHEN events.user_agent LIKE 'atc/%watchOS%' THEN 'watch_duplicate'
        WHEN agents.is_bot THEN 'bot_agent'
        WHEN addresses.list = 'data_centre' THEN 'datacenter_ip'
    END AS verdict,
    CASE
        WHEN events.occurred_at < episodes.published_at THEN 'pre_release'
        WHEN episodes.episode_id IS NULL OR (events.asset_id IS NOT NULL AND files.asset_id IS NULL) THEN 'unknown_asset'
    END AS late_verdict
FROM listener_events AS events
LEFT JOIN work.addresses ON events.client_ip = addresses.client_ip
LEFT JOIN rollups.agents ON events.user_agent = agents.user_agent
LEFT JOIN media_assets AS files ON events.tenant_id = files.tenant_id AND events.asset_id = files.asset_id
LEFT JOIN episodes
    ON events.tenant_id = episodes.tenant_id AND coalesce(events.episode_id, files.episode_id) = episodes.episode_id
WHERE events.occurred_at >= '{day}' AND events.occurred_at < '{day}'::date + 1;
CREATE UNLOGGED TABLE work.suspects AS
SELECT judged.tenant_id, judged.household_key
FROM work.judged
INNER JOIN tenants ON judged.tenant_id = tenants.tenant_id
WHERE judged.verdict IS NULL
GROUP BY judged.tenant_id, judged.household_key, tenants.suspect_pairs
HAVING count(*) > tenants.suspect_pairs AND count(DISTINCT (judged.episode_id, judged.user_agent)) > tenants.suspect_pairs;
ANALYZE work.judged;

-- step: cover
CREATE UNLOGGED TABLE work.received AS
SELECT
    judged.*,
    greatest(judged.start_byte, judged.header_bytes) AS content_from,
    max(judged.to_byte) OVER earlier AS reach
FROM work.judged
LEFT JOIN work.suspects ON judged.tenant_id = suspects.tenant_id AND judged.household_key = suspects.household_key
WHERE judged.verdict IS NULL AND suspects.tenant_id IS NULL AND judged.late_verdict IS NULL
WINDOW earlier AS (
    PARTITION BY judged.episode_id, judged.consumer_key, judged.asset_id
    ORDER BY judged.start_byte, judged.event_id
    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
);
CREATE UNLOGGED TABLE work.groups AS
SELECT
    episode_id,
    consumer_key,
    asset_id,
    count(*) AS requests,
    min(occurred_at) AS downloaded_at,
    max(occurred_at) AS qualified_at,
    sum(greatest(0, to_byte - greatest(content_from, reach))) AS covered_bytes,
    CASE
        WHEN file_bytes IS NULL THEN 960000
        WHEN duration_s >= 60 THEN ceil(60 * (file_bytes - header_bytes) / duration_s)::bigint
        ELSE file_bytes - header_bytes
    END AS threshold_bytes,
    bool_or(is_prefix) AS is_prefix
FROM work.received
GROUP BY episode_id, consumer_key, asset_id, file_bytes, header_bytes, duration_s;
ANALYZE work.groups;

-- step: downloads
CREATE UNLOGGED TABLE work.counted AS
SELECT DISTINCT ON (received.episode_id, received.consumer_key)
    received.tenant_id,
    groups.downloaded_at,
    received.event_id AS download_id,
    '{day}'::date AS day,
    received.podcast_id,
    received.episode_id,
    received.asset_id,
    received.consumer_key,
    received.household_key,
    groups.qualified_at,
    CASE WHEN NOT groups.is_prefix THEN groups.covered_bytes END AS covered_bytes,
    CASE WHEN NOT groups.is_prefix THEN groups.threshold_bytes END AS threshold_bytes,
    CASE WHEN groups.is_prefix THEN 'unmeasured' ELSE 'bytes' END AS basis,
    coalesce(received.app, 'unknown') AS app,
    coalesce(received.device, 'unknown') AS device,
    coalesce(received.os, 'unknown') AS os,
    coalesce(received.country_code::text, 'unknown') AS country_code,
    coalesce(received.region_code, 'unknown') AS region_code,
    coalesce(substring(received.referrer FROM '^[a-z]+://(?:www\.)?([^/]+)'), 'unknown') AS referrer,
    received.list AS address_class,
    groups.requests
FROM work.received
INNER JOIN work.groups
    ON received.episode_id = groups.episode_id AND received.consumer_key = groups.consumer_key
    AND received.asset_id IS NOT DISTINCT FROM groups.asset_id AND received.occurred_at = groups.downloaded_at
WHERE groups.is_prefix OR groups.covered_bytes >= groups.threshold_bytes
ORDER BY received.episode_id, received.consumer_key, received.occurred_at, received.event_id;
ANALYZE work.counted;
INSERT INTO downloads (
    tenant_id, downloaded_at, download_id, day, podcast_id, episode_id, asset_id, consumer_key, household_key, qualified_at,
    covered_bytes, threshold_bytes, basis, app, device, os, country_code, region_code, referrer, address_class,
    rules_version, key_version, is_final, run_id
)
SELECT
    tenant_id, downloaded_at, download_id, day, podcast_id, episode_id, asset_id, consumer_key, household_key, qualified_at,
    covered_bytes, threshold_bytes, basis, app, device, os, country_code, region_code, referrer, address_class,
    'sql', 1, false, '00000000-0000-0000-0000-000000000001'
FROM work.counted
ORDER BY tenant_id, downloaded_at, download_id;

-- step: dispositions
INSERT INTO request_dispositions (tenant_id, day, disposition, requests, rules_version, is_final, run_id)
SELECT tenant_id, '{day}'::date, disposition, sum(requests), 'sql', false, '00000000-0000-0000-0000-000000000001'
FROM (
    SELECT
        judged.tenant_id,
        coalesce(judged.verdict, CASE WHEN suspects.tenant_id IS NOT NULL THEN 'suspect_ip' END, judged.late_verdict)
            AS disposition,
        count(*) AS requests
    FROM work.judged
    LEFT JOIN work.suspects ON judged.tenant_id = suspects.tenant_id AND judged.household_key = suspects.household_key
    GROUP BY 1, 2
    UNION ALL
    SELECT tenant_id, 'counted', count(*) FROM work.counted GROUP BY tenant_id
    UNION ALL
    SELECT tenant_id, 'duplicate', sum(requests - 1)::bigint FROM work.counted GROUP BY tenant_id
) AS counts
WHERE disposition IS NOT NULL AND requests > 0
GROUP BY tenant_id, disposition;

-- step: ads
INSERT INTO ad_exposures
SELECT
    counted.tenant_id, counted.downloaded_at, gen_random_uuid(), counted.day, campaigns.sponsor_id, campaigns.campaign_id,
    placements.placement_id, counted.podcast_id, counted.episode_id, 'delivered', spots.position, spots.insertion,
    counted.household_key, counted.consumer_key, NULL, counted.address_class, false, '00000000-0000-0000-0000-000000000001'
FROM (
    SELECT episode_id, consumer_key, asset_id, island, min(start_byte) AS from_byte, max(to_byte) AS to_byte
    FROM (
        SELECT
            episode_id, consumer_key, asset_id, start_byte, to_byte,
            count(*) FILTER (WHERE reach IS NULL OR start_byte > reach) OVER (
                PARTITION BY episode_id, consumer_key, asset_id ORDER BY start_byte, event_id
            ) AS island
        FROM work.received
        WHERE asset_id IN (SELECT asset_id FROM asset_segments) AND to_byte > start_byte
    ) AS numbered
    GROUP BY episode_id, consumer_key, asset_id, island
) AS islands
INNER JOIN asset_segments AS spots
    ON islands.asset_id = spots.asset_id AND islands.from_byte <= spots.first_byte AND islands.to_byte > spots.last_byte
INNER JOIN placements ON spots.tenant_id = placements.tenant_id AND spots.placement_id = placements.placement_id
INNER JOIN campaigns ON placements.tenant_id = campaigns.tenant_id AND placements.campaign_id = campaigns.campaign_id
INNER JOIN work.counted ON islands.episode_id = counted.episode_id AND islands.consumer_key = counted.consumer_key
ORDER BY counted.tenant_id, counted.downloaded_at;

-- step: metrics
INSERT INTO listener_metrics
SELECT
    heard.tenant_id, '{day}'::date, heard.podcast_id, heard.episode_id, heard.downloads, heard.listeners, heard.households,
    0, NULL, 0, coalesce(ads.pre, 0), coalesce(ads.mid, 0), coalesce(ads.post, 0), 'sql', false,
    '00000000-0000-0000-0000-000000000001'
FROM (
    SELECT
        tenant_id, podcast_id, episode_id, count(*) AS downloads, count(DISTINCT consumer_key) AS listeners,
        count(DISTINCT household_key) AS households
    FROM work.counted
    GROUP BY tenant_id, podcast_id, episode_id
) AS heard
LEFT JOIN (
    SELECT
        episode_id, count(*) FILTER (WHERE position = 'pre') AS pre, count(*) FILTER (WHERE position = 'mid') AS mid,
        count(*) FILTER (WHERE position = 'post') AS post
    FROM ad_exposures
    WHERE occurred_at >= '{day}' AND occurred_at < '{day}'::date + 1
    GROUP BY episode_id
) AS ads ON heard.episode_id = ads.episode_id;

-- step: dimensions
INSERT INTO listener_dimension_metrics
SELECT
    tenant_id, '{day}'::date, podcast_id, dimension, value, count(*), count(DISTINCT consumer_key), 'sql', false,
    '00000000-0000-0000-0000-000000000001'
FROM work.counted
CROSS JOIN LATERAL (
    VALUES ('app', app), ('device', device), ('os', os), ('country', country_code), ('region', region_code),
    ('referrer', referrer), ('hour', to_char(downloaded_at, 'HH24'))
) AS told (dimension, value)
GROUP BY tenant_id, podcast_id, dimension, value
ORDER BY tenant_id, podcast_id, dimension, value;

-- step: breakdowns
INSERT INTO listener_breakdowns
SELECT
    tenant_id, '{day}'::date, level, scope_id, dimension, value, downloads, listeners,
    downloads / sum(downloads) OVER (PARTITION BY level, scope_id, dimension), 'sql', false,
    '00000000-0000-0000-0000-000000000001'
FROM (
    SELECT
        tenant_id, level, scope_id, dimension, value, count(*) AS downloads, count(DISTINCT consumer_key) AS listeners
    FROM work.counted
    CROSS JOIN LATERAL (
        VALUES ('episode', episode_id), ('podcast', podcast_id), ('tenant', tenant_id)
    ) AS scopes (level, scope_id)
    CROSS JOIN LATERAL (
        VALUES ('app', app), ('device', device), ('os', os), ('country', country_code), ('region', region_code),
        ('referrer', referrer), ('hour', to_char(downloaded_at, 'HH24'))
    ) AS told (dimension, value)
    GROUP BY tenant_id, level, scope_id, dimension, value
) AS heard
ORDER BY tenant_id, level, scope_id, dimension, value
