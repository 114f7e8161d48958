-- add_methodology: a tenant's methodology from now on, unless it is the one in force already.
-- Grain: one row. Parameters: tenant (uuid), version, markdown, html (text).
INSERT INTO methodologies (tenant_id, version, markdown, html)
SELECT
    %(tenant)s,
    %(version)s,
    %(markdown)s,
    %(html)s
WHERE %(version)s IS DISTINCT FROM (
    SELECT newest.version
    FROM methodologies AS newest
    WHERE newest.tenant_id = %(tenant)s
    ORDER BY newest.valid_from DESC
    LIMIT 1
)
