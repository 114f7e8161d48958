-- 0013_brand: how a network signs its mails, and what was agreed with a sponsor, so that reports can be held against it.

SET LOCAL ROLE earshot_owner;

-- subject_template: with the fields {title}, {period}, {brand}, {sponsor} and {kind}.
ALTER TABLE tenants
ADD COLUMN sender_name text CONSTRAINT tenants_sender_name_plain CHECK (is_plain_text(sender_name, 100)),
ADD COLUMN subject_template text CONSTRAINT tenants_subject_template_plain CHECK (is_plain_text(subject_template, 200));

ALTER TABLE campaigns
ADD COLUMN target_cpa_minor bigint
CONSTRAINT campaigns_target_cpa_in_bounds CHECK (target_cpa_minor BETWEEN 1 AND 1000000000000),
ADD COLUMN target_roas numeric CONSTRAINT campaigns_target_roas_in_bounds CHECK (target_roas BETWEEN 0.01 AND 10000);
