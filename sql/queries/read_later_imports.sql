-- read_later_imports: imports that stand and that brought rows which had come with this one.
-- Grain: one row per import. Parameters: tenant (uuid), number (bigint).
SELECT
    imports.import_id,
    imports.source,
    imports.object,
    shared.rows
FROM import_overlaps AS shared
INNER JOIN imports ON shared.tenant_id = imports.tenant_id AND shared.import_id = imports.import_id
WHERE
    shared.tenant_id = %(tenant)s
    AND shared.earlier_id = %(number)s
    AND imports.state NOT IN ('taking_back', 'taken_back')
ORDER BY imports.import_id
