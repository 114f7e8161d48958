-- Takes back 0004_facts, and every row it held.
SET LOCAL ROLE earshot_owner;
DROP TABLE check_results;
DROP TABLE rollup_ledger;
DROP TABLE campaign_roi;
DROP TABLE campaign_reach;
DROP TABLE placement_delivery;
DROP TABLE attribution_credits;
DROP TABLE attribution_touches;
DROP TABLE conversion_adjustments;
DROP TABLE conversions;
DROP TABLE ad_exposures;
DROP TABLE listener_dimension_metrics;
DROP TABLE listener_metrics;
DROP TABLE downloads;
DROP TABLE request_dispositions;
DELETE FROM earshot_series WHERE table_name IN (
    'request_dispositions',
    'downloads',
    'listener_metrics',
    'listener_dimension_metrics',
    'ad_exposures',
    'conversions',
    'attribution_touches',
    'attribution_credits',
    'placement_delivery',
    'campaign_reach',
    'campaign_roi'
);
