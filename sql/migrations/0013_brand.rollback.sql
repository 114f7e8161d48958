-- Takes back 0013_brand.
SET LOCAL ROLE earshot_owner;
ALTER TABLE campaigns
DROP COLUMN target_roas,
DROP COLUMN target_cpa_minor;
ALTER TABLE tenants
DROP COLUMN subject_template,
DROP COLUMN sender_name;
