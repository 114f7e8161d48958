-- Takes back 0007_audiences, and every row it held.
SET LOCAL ROLE earshot_owner;
DROP VIEW reader_ad_plays;
DROP VIEW reader_retention_curves;
DROP VIEW reader_episode_consumption;
DROP VIEW reader_episode_age_downloads;
DROP VIEW reader_episode_pacing;
DROP VIEW reader_audience_overlaps;
DROP VIEW reader_listener_firsts;
DROP VIEW reader_audience_periods;
DROP TABLE ad_plays;
DROP TABLE retention_curves;
DROP TABLE episode_consumption;
DROP TABLE episode_age_downloads;
DROP TABLE episode_pacing;
DROP TABLE audience_overlaps;
DROP TABLE listener_firsts;
DROP TABLE audience_periods;
DELETE FROM earshot_series WHERE table_name IN (
    'audience_periods',
    'listener_firsts',
    'audience_overlaps',
    'episode_pacing',
    'episode_age_downloads',
    'episode_consumption',
    'retention_curves',
    'ad_plays'
);
