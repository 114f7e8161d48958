-- add_import_source: where a tenant's logs or orders lie.
-- Grain: one row is added, or changed. Parameters: tenant (uuid), name, kind, location, format, entered_by (text), options (jsonb).
INSERT INTO import_sources (tenant_id, name, kind, location, format, options, entered_by)
VALUES (%(tenant)s, %(name)s, %(kind)s, %(location)s, %(format)s, %(options)s, %(entered_by)s)
ON CONFLICT (tenant_id, name) DO UPDATE SET
kind = excluded.kind,
location = excluded.location,
format = excluded.format,
options = excluded.options,
entered_by = excluded.entered_by,
entered_at = now()
