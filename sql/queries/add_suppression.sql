-- add_suppression: no further mail of this tenant to this address; the first reason stays.
-- Grain: one row is added, or none. Parameters: tenant (uuid), address, reason (text).
INSERT INTO suppressions (tenant_id, address, reason)
VALUES (%(tenant)s, lower(%(address)s), %(reason)s)
ON CONFLICT (tenant_id, address) DO NOTHING
