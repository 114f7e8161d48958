-- read_lift_listeners: households with an address of their own that could have heard the campaigns by end, or did.
-- Grain: one row per campaign, household, show and week: its first download of one of the campaign's shows in that ISO
-- week inside the campaign (NULL: none), its first ad (NULL: never), and whether the lot leaves it out. Households that
-- had an ad have one row, with their first such download. Parameters: start (timestamptz: not after the first campaign's
-- start), end (timestamptz), tenants, campaigns (uuid[]).
WITH live AS (
    SELECT
        tenant_id,
        campaign_id,
        starts_on::timestamp AT TIME ZONE 'UTC' AS since,
        (ends_on + 1)::timestamp AT TIME ZONE 'UTC' AS until
    FROM campaigns
    WHERE tenant_id = any(%(tenants)s) AND campaign_id = any(%(campaigns)s::uuid[])
),

shows AS (
    SELECT DISTINCT
        live.tenant_id,
        live.campaign_id,
        live.since,
        live.until,
        placements.podcast_id
    FROM live
    INNER JOIN placements ON live.tenant_id = placements.tenant_id AND live.campaign_id = placements.campaign_id
),

heard AS (
    SELECT
        shows.tenant_id,
        shows.campaign_id,
        downloads.household_key,
        downloads.podcast_id AS heard_podcast_id,
        min(downloads.downloaded_at) AS heard_at,
        row_number() OVER (
            PARTITION BY shows.tenant_id, shows.campaign_id, downloads.household_key
            ORDER BY min(downloads.downloaded_at), downloads.podcast_id
        ) AS turn
    FROM shows
    INNER JOIN downloads ON shows.tenant_id = downloads.tenant_id AND shows.podcast_id = downloads.podcast_id
    WHERE
        downloads.tenant_id = any(%(tenants)s)
        AND downloads.downloaded_at >= %(start)s AND downloads.downloaded_at < %(end)s
        AND downloads.downloaded_at >= shows.since AND downloads.downloaded_at < shows.until
        AND downloads.address_class = 'household'
    GROUP BY
        shows.tenant_id,
        shows.campaign_id,
        downloads.household_key,
        downloads.podcast_id,
        date_trunc('week', downloads.downloaded_at AT TIME ZONE 'UTC')
),

exposed AS (
    SELECT DISTINCT ON (live.campaign_id, exposures.household_key)
        live.tenant_id,
        live.campaign_id,
        exposures.household_key,
        exposures.podcast_id AS exposed_podcast_id,
        exposures.occurred_at AS exposed_at
    FROM live
    INNER JOIN ad_exposures AS exposures
        ON live.tenant_id = exposures.tenant_id AND live.campaign_id = exposures.campaign_id
    WHERE
        exposures.tenant_id = any(%(tenants)s)
        AND exposures.occurred_at >= %(start)s AND exposures.occurred_at < %(end)s
        AND exposures.kind <> 'click'
        AND exposures.address_class = 'household'
        AND exposures.household_key IS NOT NULL
    ORDER BY live.campaign_id ASC, exposures.household_key ASC, exposures.occurred_at ASC, exposures.exposure_id ASC
),

listeners AS (
    SELECT
        tenant_id,
        campaign_id,
        household_key,
        heard_podcast_id,
        heard_at,
        exposed_podcast_id,
        exposed_at
    FROM heard
    FULL JOIN exposed USING (tenant_id, campaign_id, household_key)
    WHERE exposed_at IS NULL OR turn IS NULL OR turn = 1
)

SELECT
    listeners.tenant_id,
    listeners.campaign_id,
    listeners.household_key,
    listeners.heard_podcast_id,
    listeners.heard_at,
    listeners.exposed_podcast_id,
    listeners.exposed_at,
    holdouts.household_key IS NOT NULL AS is_withheld
FROM listeners
LEFT JOIN campaign_holdouts AS holdouts
    ON
        listeners.tenant_id = holdouts.tenant_id
        AND listeners.campaign_id = holdouts.campaign_id
        AND listeners.household_key = holdouts.household_key
