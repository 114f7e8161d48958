-- read_import_sources: where the logs and orders of some tenants lie, and how many objects were read there.
-- Grain: one row per source. Parameters: tenants (uuid[]).
SELECT
    sources.tenant_id,
    tenants.slug AS tenant,
    sources.name,
    sources.kind,
    sources.location,
    sources.format,
    sources.options,
    sources.entered_by,
    sources.entered_at,
    coalesce(objects.imported, 0) AS imported,
    coalesce(objects.quarantined, 0) AS quarantined,
    coalesce(objects.due, 0) AS due,
    objects.read_at
FROM import_sources AS sources
INNER JOIN tenants ON sources.tenant_id = tenants.tenant_id
LEFT JOIN (
    SELECT
        tenant_id,
        source,
        count(*) FILTER (WHERE state = 'imported') AS imported,
        count(*) FILTER (WHERE state = 'quarantined') AS quarantined,
        count(*) FILTER (WHERE state = 'due') AS due,
        max(read_at) AS read_at
    FROM import_objects
    WHERE tenant_id = any(%(tenants)s)
    GROUP BY tenant_id, source
) AS objects ON sources.tenant_id = objects.tenant_id AND sources.name = objects.source
WHERE sources.tenant_id = any(%(tenants)s)
ORDER BY tenants.slug, sources.name
