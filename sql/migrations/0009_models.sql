-- 0009_models: further models to lead with, totals of the models that learn from whole journeys, holdouts and lift.

SET LOCAL ROLE earshot_owner;

ALTER TABLE attribution_configs DROP CONSTRAINT attribution_configs_default_model_check;
ALTER TABLE attribution_configs ADD CONSTRAINT attribution_configs_default_model_check CHECK (
    default_model IN (
        'first_touch', 'last_touch', 'last_paid_touch', 'linear', 'time_decay', 'position_based', 'j_shaped', 'inverse_j'
    )
);

-- Households that a campaign leaves out by lot, written by the platform that serves the ads: without rows, no holdout.
CREATE TABLE campaign_holdouts (
    tenant_id uuid NOT NULL,
    campaign_id uuid NOT NULL,
    household_key bigint NOT NULL,
    assigned_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (tenant_id, campaign_id, household_key),
    FOREIGN KEY (tenant_id, campaign_id) REFERENCES campaigns (tenant_id, campaign_id)
);

-- All journeys of a sponsor up to the end of the day, per goal kind. conversions: of the placement; they sum to those
-- that were attributed. journeys and all_conversions are of the whole set. is_fallback: too few conversions to learn
-- from, so these are the totals of the linear model.
CREATE TABLE model_totals (
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    sponsor_id uuid NOT NULL,
    goal_kind text NOT NULL,
    model text NOT NULL CHECK (model IN ('markov', 'counterfactual')),
    placement_id uuid NOT NULL,
    conversions double precision NOT NULL CHECK (conversions >= 0),
    share double precision NOT NULL CHECK (share >= 0),
    base_rate double precision NOT NULL CHECK (base_rate >= 0 AND base_rate <= 1),
    journeys bigint NOT NULL,
    all_conversions bigint NOT NULL,
    is_fallback boolean NOT NULL,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, sponsor_id, goal_kind, model, placement_id)
);

-- What a campaign added up to the end of the day, by households. design: holdout (by lot, the only one that is causal)
-- or matched (listeners of the same shows and weeks who were not reached). Base numbers are those of the others.
-- Bounds are 95 % intervals. is_shown: the minimum detectable lift is at most 30 %.
CREATE TABLE lift_results (
    tenant_id uuid NOT NULL,
    day date NOT NULL,
    campaign_id uuid NOT NULL,
    design text NOT NULL CHECK (design IN ('holdout', 'matched')),
    is_causal boolean NOT NULL CHECK (is_causal = (design = 'holdout')),
    households bigint NOT NULL,
    responders bigint NOT NULL,
    base_households bigint NOT NULL,
    base_responders bigint NOT NULL,
    compared_share double precision NOT NULL CHECK (compared_share >= 0 AND compared_share <= 1),
    base_rate double precision NOT NULL,
    difference double precision NOT NULL,
    difference_lower double precision NOT NULL,
    difference_upper double precision NOT NULL,
    relative_lift double precision,
    relative_lower double precision,
    relative_upper double precision,
    minimum_detectable_lift double precision,
    is_shown boolean NOT NULL,
    currency char(3),
    incremental_minor double precision,
    iroas double precision,
    iroas_lower double precision,
    iroas_upper double precision,
    is_final boolean NOT NULL,
    run_id uuid NOT NULL,
    PRIMARY KEY (tenant_id, day, campaign_id)
);

DO $do$
DECLARE
    made text;
BEGIN
    FOREACH made IN ARRAY ARRAY['campaign_holdouts', 'model_totals', 'lift_results'] LOOP
        PERFORM earshot_protect(format('public.%I', made)::regclass);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON public.%I TO earshot_etl', made);
        EXECUTE format('GRANT SELECT ON public.%I TO earshot_report, earshot_readonly', made);
    END LOOP;
END
$do$;
