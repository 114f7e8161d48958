-- 0012_reach: reach over any range of days: what was counted, what was estimated, and sketches of large days.

SET LOCAL ROLE earshot_owner;

-- Exact up to 5,000,000 impressions of the campaign; beyond them an estimate with its bounds at 95 %, the same numbers
-- where a count is exact. is_estimate says which it was.
ALTER TABLE campaign_reach ADD COLUMN is_estimate boolean NOT NULL DEFAULT false;
ALTER TABLE campaign_reach ADD COLUMN households_lower bigint;
ALTER TABLE campaign_reach ADD COLUMN households_upper bigint;
ALTER TABLE campaign_reach ADD COLUMN consumers_lower bigint;
ALTER TABLE campaign_reach ADD COLUMN consumers_upper bigint;
UPDATE campaign_reach SET
    households_lower = households,
    households_upper = households,
    consumers_lower = consumers,
    consumers_upper = consumers;
DROP VIEW reader_campaign_reach;
SELECT earshot_create_reader('campaign_reach');

-- Who heard a placement on a day on which its campaign had more than 65,536 impressions, as Apache DataSketches' theta
-- sketch of the keys (compact, ordered, 16,384 entries): sketches of any days and placements can be merged.
-- keys: how many distinct ones went in. Smaller days are read from ad_exposures.
SELECT earshot_create_series('reach_sketches', 'day', interval '90 days', $ddl$
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    campaign_id uuid NOT NULL,
    placement_id uuid NOT NULL,
    unit text NOT NULL CHECK (unit IN ('household', 'consumer')),
    keys bigint NOT NULL CHECK (keys > 0),
    sketch bytea NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, campaign_id, placement_id, unit)
$ddl$);
SELECT earshot_protect('public.reach_sketches'::regclass);
GRANT SELECT, INSERT, UPDATE, DELETE ON reach_sketches TO earshot_etl;
SELECT earshot_create_reader('reach_sketches');
