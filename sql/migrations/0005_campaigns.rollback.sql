-- Takes back 0005_campaigns, and every row it held.
SET LOCAL ROLE earshot_owner;
DROP TABLE campaign_benchmarks;
DROP TABLE lift_results;
DROP TABLE campaign_roi;
DROP TABLE reach_sketches;
DROP TABLE campaign_reach;
DROP TABLE placement_delivery;
DROP TABLE model_totals;
DROP TABLE attribution_credits;
DROP TABLE attribution_touches;
DROP TABLE conversion_adjustments;
DROP TABLE conversion_days;
DROP TABLE conversions;
DROP TABLE ad_exposures;
DELETE FROM earshot_series WHERE table_name IN (
    'ad_exposures', 'conversions', 'attribution_touches', 'attribution_credits', 'placement_delivery', 'campaign_reach',
    'reach_sketches', 'campaign_roi'
);
