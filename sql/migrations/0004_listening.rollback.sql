-- Takes back 0004_listening, and every row it held.
SET LOCAL ROLE earshot_owner;
DROP TABLE ad_plays;
DROP TABLE retention_curves;
DROP TABLE consumption_spread;
DROP TABLE episode_consumption;
DROP TABLE episode_age_downloads;
DROP TABLE episode_pacing;
DROP TABLE audience_overlaps;
DROP TABLE listener_firsts;
DROP TABLE audience_periods;
DROP TABLE listener_breakdowns;
DROP TABLE listener_dimension_metrics;
DROP TABLE listener_metrics;
DROP TABLE downloads;
DROP TABLE request_dispositions;
DELETE FROM earshot_series WHERE table_name IN (
    'request_dispositions', 'downloads', 'listener_metrics', 'listener_dimension_metrics', 'listener_breakdowns',
    'audience_periods', 'listener_firsts', 'audience_overlaps', 'episode_pacing', 'episode_age_downloads',
    'episode_consumption', 'consumption_spread', 'retention_curves', 'ad_plays'
);
