-- read_imports: imports of some tenants, newest first.
-- Grain: one row per import. Parameters: tenants (uuid[]), numbers (bigint[]; NULL: all), since (timestamptz), most (integer).
SELECT
    imports.tenant_id,
    tenants.slug AS tenant,
    imports.import_id,
    imports.kind,
    imports.source,
    imports.object,
    imports.version,
    imports.format,
    imports.started_by,
    imports.started_at,
    imports.updated_at,
    imports.state,
    imports.detail,
    imports.lines,
    imports.stored,
    imports.present,
    imports.rejected,
    imports.unmapped,
    imports.without_address,
    imports.first_day,
    imports.last_day,
    imports.taken_back_by,
    imports.taken_back_at
FROM imports
INNER JOIN tenants ON imports.tenant_id = tenants.tenant_id
WHERE
    imports.tenant_id = any(%(tenants)s)
    AND (%(numbers)s::bigint[] IS NULL OR imports.import_id = any(%(numbers)s::bigint[]))
    AND imports.started_at >= %(since)s
ORDER BY imports.import_id DESC
LIMIT %(most)s
