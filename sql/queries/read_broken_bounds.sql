-- read_broken_bounds: constraints that some rows broke when they were made: new rows are held to them, these are not.
-- Grain: one row per constraint. Parameters: none.
SELECT
    constraints.conrelid::regclass::text AS relation,
    constraints.conname::text AS name
FROM pg_constraint AS constraints
INNER JOIN pg_class AS relations ON constraints.conrelid = relations.oid
WHERE
    constraints.contype = 'c'
    AND NOT constraints.convalidated
    AND relations.relnamespace = 'public'::regnamespace
    AND NOT relations.relispartition
    AND relations.relowner = 'earshot_owner'::regrole
ORDER BY 1, 2
