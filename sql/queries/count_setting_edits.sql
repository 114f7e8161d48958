-- count_setting_edits: edits of settings that are to be looked at, at first or once more.
-- Grain: one row. Parameters: tenants (uuid[]).
SELECT count(*) AS edits
FROM setting_edits
WHERE tenant_id = any(%(tenants)s::uuid[])
