-- add_import: an import begins.
-- Grain: one row is added; its number is returned. Parameters: tenant (uuid), kind, source, object, version, format, started_by
-- (text; source and version may be NULL).
INSERT INTO imports (tenant_id, kind, source, object, version, format, started_by)
VALUES (%(tenant)s, %(kind)s, %(source)s, %(object)s, %(version)s, %(format)s, %(started_by)s)
RETURNING import_id
