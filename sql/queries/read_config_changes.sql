-- read_config_changes: who changed which setting of the scoped tenants when, newest first.
-- Grain: one row per change, at most as many as requested. Parameters: tenants (uuid[]), tables (text[]),
-- since (timestamptz), most (integer).
SELECT
    tenants.slug,
    changes.changed_at,
    changes.changed_by,
    changes.person,
    changes.acting_as,
    changes.table_name,
    changes.operation,
    changes.row_key::text AS row_key,
    changes.old_row::text AS old_row,
    changes.new_row::text AS new_row
FROM config_changes AS changes
LEFT JOIN tenants ON changes.tenant_id = tenants.tenant_id
WHERE changes.tenant_id = any(%(tenants)s)
    AND changes.table_name = any(%(tables)s)
    AND changes.changed_at >= %(since)s
ORDER BY changes.changed_at DESC, changes.table_name ASC, changes.row_key ASC
LIMIT %(most)s
