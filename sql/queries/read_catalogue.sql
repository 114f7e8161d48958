-- read_catalogue: our tables and the views of the schema bi, with every column and what the comments say of them.
-- Grain: one row per column, by schema, relation and place. Parameters: none.
SELECT
    spaces.nspname::text AS schema,
    relations.relname::text AS relation,
    obj_description(relations.oid, 'pg_class') AS about,
    columns.attname::text AS name,
    format_type(columns.atttypid, columns.atttypmod) AS type,
    col_description(relations.oid, columns.attnum) AS comment
FROM pg_class AS relations
INNER JOIN pg_namespace AS spaces ON relations.relnamespace = spaces.oid
INNER JOIN pg_attribute AS columns ON relations.oid = columns.attrelid
WHERE
    spaces.nspname IN ('public', 'bi')
    AND relations.relkind IN ('r', 'p', 'v')
    AND NOT relations.relispartition
    AND relations.relowner = 'earshot_owner'::regrole
    AND columns.attnum > 0
    AND NOT columns.attisdropped
ORDER BY spaces.nspname, relations.relname, columns.attnum
