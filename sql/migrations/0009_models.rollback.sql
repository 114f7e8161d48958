-- Takes back 0009_models, and every row it held. Fails while a campaign leads with one of the further models.
SET LOCAL ROLE earshot_owner;
DROP TABLE lift_results;
DROP TABLE model_totals;
DROP TABLE campaign_holdouts;
ALTER TABLE attribution_configs DROP CONSTRAINT attribution_configs_default_model_check;
ALTER TABLE attribution_configs ADD CONSTRAINT attribution_configs_default_model_check CHECK (
    default_model IN ('first_touch', 'last_touch', 'linear', 'time_decay', 'position_based')
);
